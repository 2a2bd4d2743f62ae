"""The document's script on legacy Keras and TensorFlow: its networks, its ImageDataGenerator, its fit."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy
import tensorflow
import tf_keras
from tf_keras.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    Input,
    add,
)
from tf_keras.preprocessing.image import ImageDataGenerator
from tf_keras.regularizers import l2

import measure


def resnet_layer(inputs, filters=16, size=3, strides=1, activation="relu", norm=True, conv_first=True):
    """A convolution with batch norm and activation, after it or before it."""
    convolution = Conv2D(
        filters,
        kernel_size=size,
        strides=strides,
        padding="same",
        kernel_initializer="he_normal",
        kernel_regularizer=l2(1e-4),
    )
    x = inputs
    if conv_first:
        x = convolution(x)
    if norm:
        x = BatchNormalization()(x)
    if activation:
        x = Activation(activation)(x)
    return x if conv_first else convolution(x)


def resnet_v1(blocks):
    """Basic blocks; a projection where the size changes."""
    inputs = Input(shape=(32, 32, 3))
    x = resnet_layer(inputs)
    filters = 16
    for stage in range(3):
        for block in range(blocks):
            strides = 2 if stage > 0 and block == 0 else 1
            y = resnet_layer(x, filters, strides=strides)
            y = resnet_layer(y, filters, activation=None)
            if strides == 2:
                x = resnet_layer(x, filters, size=1, strides=2, activation=None, norm=False)
            x = Activation("relu")(add([x, y]))
        filters *= 2
    return classifier(inputs, x)


def resnet_v2(blocks):
    """Bottlenecks with batch norm and ReLU before each convolution."""
    inputs = Input(shape=(32, 32, 3))
    x = resnet_layer(inputs)
    filters = 16
    for stage in range(3):
        outputs = filters * (4 if stage == 0 else 2)
        for block in range(blocks):
            first = stage == 0 and block == 0
            strides = 2 if stage > 0 and block == 0 else 1
            before = dict(activation=None, norm=False) if first else {}
            y = resnet_layer(x, filters, size=1, strides=strides, conv_first=False, **before)
            y = resnet_layer(y, filters, conv_first=False)
            y = resnet_layer(y, outputs, size=1, conv_first=False)
            if block == 0:
                x = resnet_layer(x, outputs, size=1, strides=strides, activation=None, norm=False)
            x = add([x, y])
        filters = outputs
    x = Activation("relu")(BatchNormalization()(x))
    return classifier(inputs, x)


def classifier(inputs, x):
    """The mean of each channel, then one dense layer."""
    x = Flatten()(AveragePooling2D(pool_size=8)(x))
    outputs = Dense(measure.CLASSES, activation="softmax", kernel_initializer="he_normal")(x)
    return tf_keras.Model(inputs=inputs, outputs=outputs)


def build(model):
    """The compiled network."""
    family, blocks = measure.family_and_blocks(model)
    network = resnet_v1(blocks) if family == 1 else resnet_v2(blocks)
    trainable = sum(int(tensorflow.size(weight)) for weight in network.trainable_weights)
    measure.check_parameters(model, network.count_params(), trainable)
    optimizer = tf_keras.optimizers.Adam(learning_rate=1e-3)
    network.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return network


def prepared_images(count):
    """Images as the script feeds them: channels last, over 255, less the mean; labels one-hot."""
    pixels, labels = measure.random_images(count)
    images = numpy.frombuffer(pixels, numpy.uint8).reshape(-1, 3, 32, 32)
    images = images.transpose(0, 2, 3, 1).astype("float32") / 255
    images -= images.mean(axis=0)
    return images, tf_keras.utils.to_categorical(labels, measure.CLASSES)


class StepClock(tf_keras.callbacks.Callback):
    """Times steps from inside `fit`."""

    # Without it, Keras would fetch the metrics after each step for this callback's sake.
    _supports_tf_logs = True

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def on_train_batch_end(self, batch, logs=None):
        if not self.clock.step_ended():
            self.model.stop_training = True
            raise Enough


class Enough(Exception):
    """Ends `fit` within an epoch."""


def main():
    options = measure.arguments("Keras's recipe")
    network = build(options.model)
    images, labels = prepared_images(measure.TEST_IMAGES)
    # Every argument of the script; those not named here it sets to their defaults.
    generator = ImageDataGenerator(
        width_shift_range=0.1, height_shift_range=0.1, horizontal_flip=True, fill_mode="nearest"
    )
    generator.fit(images)
    clock = measure.Clock(options)
    try:
        network.fit(
            generator.flow(images, labels, batch_size=options.batch_size),
            epochs=1_000_000,
            verbose=0,
            workers=4,
            callbacks=[StepClock(clock)],
        )
    except Enough:
        pass
    test_images, test_labels = images[: options.test_images], labels[: options.test_images]
    network.evaluate(test_images[:320], test_labels[:320], verbose=0)
    evaluations = measure.time_evaluations(
        options, lambda: network.evaluate(test_images, test_labels, verbose=0)
    )
    measure.report(
        "keras",
        options,
        clock,
        evaluations,
        precision="fp32",
        threads=os.cpu_count(),
        versions={"tensorflow": tensorflow.__version__, "tf_keras": tf_keras.__version__},
    )


if __name__ == "__main__":
    main()
