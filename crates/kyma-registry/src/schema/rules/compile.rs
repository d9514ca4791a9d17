//! A rule and the expression of its message, compiled.

use kyma_cel::{CompileError, DeclType, Env, Program, Type};

use super::Source;

/// What came of a rule.
pub(super) struct Compiled {
    pub(super) program: Result<Program, String>,
    /// `None` where the rule has no such expression, or does not compile itself.
    pub(super) message: Option<Result<Program, String>>,
}

/// Compiles a rule. Errors are in the words of the real server.
pub(super) fn compile(source: &Source<'_>, declared: &DeclType) -> Compiled {
    let optional = source.optional_old_self == Some(true);
    let env = Env::new(declared.clone()).with_optional_old_self(optional);
    let program = Program::compile(source.rule, &env).map_err(|error| worded("", "program", &error));
    let program = program.and_then(|program| match program.result_type() {
        Type::Bool => Ok(program),
        _ => Err("cel expression must evaluate to a bool".to_owned()),
    });
    let wanted = program.is_ok() && !source.message_expression.is_empty();
    let message = wanted.then(|| {
        let program = Program::compile(source.message_expression, &env)
            .map_err(|error| worded("messageExpression ", "messageExpression", &error))?;
        match program.result_type() {
            Type::String => Ok(program),
            _ => Err("messageExpression must evaluate to a string".to_owned()),
        }
    });
    Compiled { program, message }
}

fn worded(before: &str, what: &str, error: &CompileError) -> String {
    match error {
        CompileError::Issues(_) => format!("{before}compilation failed: {error}"),
        CompileError::Instantiation(_) => format!("{what} instantiation failed: {error}"),
    }
}
