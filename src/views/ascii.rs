//! The same frame in characters of ASCII.

use ratatui::buffer::Buffer;

/// Replaces every character outside of ASCII with the one that looks most like it.
pub fn simplify(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if let Some(symbol) = cell.symbol().chars().next().filter(|symbol| !symbol.is_ascii()) {
            cell.set_char(plain(symbol));
        }
    }
}

fn plain(symbol: char) -> char {
    match symbol {
        '─' | '━' | '╌' | '—' | '–' => '-',
        '│' | '┃' | '┊' | '┤' | '▕' | '▏' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '╭' | '╮' | '╰' | '╯' => '+',
        '█' | '▓' | '■' => '#',
        '░' | '·' | '…' => '.',
        '▶' | '›' | '→' => '>',
        '◀' | '‹' | '←' => '<',
        '●' | '•' | '◆' => '*',
        '○' => 'o',
        '×' | '✗' => 'x',
        '‖' => '=',
        '±' => '~',
        '✓' => 'v',
        '◌' => '~',
        '↯' => '!',
        _ => '?',
    }
}
