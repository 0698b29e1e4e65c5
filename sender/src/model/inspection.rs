//! The inspection of a model: the model, if it can be used, and all its problems.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Model,
    check::{self, look_up},
    defect::Defect,
    problem::{Finding, ModelProblem, ModelProblems},
    relative_to,
    source::Source,
    syntax::Syntax,
    tree::Tree,
};

/// The result of inspecting a model's text.
#[derive(Debug)]
pub(crate) struct Inspection {
    model: Option<Model>,
    problems: ModelProblems,
    tree: Tree,
    folder: PathBuf,
}

impl Inspection {
    /// Inspects a file: JSON by its extension or first character, otherwise TOML.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        let syntax = Syntax::of(path, &text);
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self::new(&path.display().to_string(), text, syntax, folder))
    }

    /// Inspects a text. Relative paths of references start at `folder`; problems are reported under `name`.
    pub(crate) fn new(name: &str, text: String, syntax: Syntax, folder: &Path) -> Self {
        // The byte order mark of some editors. Reported positions do not count it.
        let text = text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text);
        let mut source = Source::new(name.to_owned(), text);
        let mut findings = Vec::new();
        let tree = match Tree::read(source.text(), syntax, &mut findings) {
            Ok(tree) => {
                source.mask(&tree);
                check::check(&tree, syntax, &mut findings);
                tree
            }
            Err(errors) => {
                source.mask_unread();
                let finding = |defect, span| Finding::new(schemas::Pointer::default(), defect).at(span);
                findings = errors
                    .into_iter()
                    .map(|error| finding(Defect::Syntax { message: error.message }, error.span))
                    .collect();
                Tree::default()
            }
        };
        let problems = findings.into_iter().map(|finding| ModelProblem::new(finding, &tree, &source)).collect();
        let problems = ModelProblems::new(source, problems);
        let mut inspection = Self { model: None, problems, tree, folder: folder.to_owned() };
        inspection.make_model();
        inspection
    }

    fn make_model(&mut self) {
        if self.problems.errors() > 0 {
            return;
        }
        match Model::read(self.tree.root().value, &self.folder) {
            Ok(model) => self.model = Some(model),
            // Tests make sure that the types accept what the schema accepts.
            Err(error) => {
                let defect = Defect::Shape { key: "the model".to_owned(), rule: error.to_string(), example: None };
                let finding = Finding::new(schemas::Pointer::default(), defect);
                let problem = ModelProblem::new(finding, &self.tree, self.problems.source());
                self.problems.add([problem]);
            }
        }
    }

    /// Reads the secrets of all references on this machine. An unreadable reference is a warning; a secret that breaks a
    /// limit of the product's form is an error.
    #[must_use]
    pub(crate) fn look_up(mut self) -> Self {
        let findings = look_up(&self.tree.root(), |reference| relative_to(&self.folder, reference));
        let problem = |finding| ModelProblem::new(finding, &self.tree, self.problems.source());
        let problems: Vec<ModelProblem> = findings.into_iter().map(problem).collect();
        self.problems.add(problems);
        if self.problems.errors() > 0 {
            self.model = None;
        }
        self
    }

    /// The model, if there are no errors.
    pub(crate) fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// All problems, including warnings.
    pub(crate) fn problems(&self) -> &ModelProblems {
        &self.problems
    }

    /// The model.
    ///
    /// # Errors
    /// All problems, if one of them is an error.
    pub(crate) fn into_model(self) -> Result<Model, ModelProblems> {
        self.model.ok_or(self.problems)
    }
}
