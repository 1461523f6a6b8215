//! The helper process: reads questions, and answers them.

use std::io;

use crate::helper::{Answer, Question};
use crate::message::Beginning;
use crate::{limits, transpile};

/// Answers what comes on standard input, until that ends. What a helper process does, and nothing else may: it takes limits of the
/// whole process.
///
/// # Errors
/// Limits cannot be set, or a pipe is broken.
pub fn serve() -> io::Result<()> {
    limits::begin()?;
    let thread = std::thread::Builder::new().stack_size(limits::stack());
    let thread = thread.spawn(answer_all)?;
    thread
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("it panicked")))
}

fn answer_all() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    loop {
        let read = Beginning::<Question, 1>::read(&mut input);
        let read = read.and_then(|beginning| beginning.read_texts(&mut input));
        let (question, [text]) = match read {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        limits::renew_cpu_time()?;
        let answer =
            transpile::transpile(&question.path, &text, question.language, &question.options);
        drop(text);
        Answer::write(&mut output, &answer)?;
    }
}
