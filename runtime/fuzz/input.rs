//! How a fuzz target reads its case. A part of each crate that has targets, by `#[path]`.

/// What is left of a case: choices first, content behind them.
pub struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    /// All of a case.
    pub fn new(case: &'i [u8]) -> Self {
        Self(case)
    }

    /// A choice; 0 where nothing is left.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            None => 0,
            Some((&byte, rest)) => {
                self.0 = rest;
                byte
            }
        }
    }

    /// One of several.
    pub fn one_of<'t, T>(&mut self, several: &'t [T]) -> &'t T {
        &several[usize::from(self.byte()) % several.len()]
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Some content, whose length comes before it.
    pub fn piece(&mut self) -> &'i [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }

    /// The same as text; what is none is replaced.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.piece()).into_owned()
    }

    /// A line, without its end.
    pub fn line(&mut self) -> &'i [u8] {
        let end = self.0.iter().position(|&byte| byte == b'\n');
        let line = &self.0[..end.unwrap_or(self.0.len())];
        self.0 = &self.0[end.map_or(self.0.len(), |end| end + 1)..];
        line
    }

    /// All that is left.
    pub fn rest(self) -> &'i [u8] {
        self.0
    }
}

/// Content as it might come: in pieces of so many bytes; 0: in one.
pub fn cut(content: &[u8], size: u8) -> impl Iterator<Item = &[u8]> {
    let size = match usize::from(size) {
        0 => content.len().max(1),
        size => size,
    };
    content.chunks(size)
}
