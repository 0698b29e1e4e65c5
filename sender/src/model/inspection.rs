//! One look at a model: what it is, as far as it can be used, and everything that is wrong with it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Model,
    check::{self, look_up},
    defect::Defect,
    finding::Finding,
    problem::{ModelProblem, ModelProblems},
    source::Source,
    syntax::Syntax,
    tree::Tree,
    written,
};

/// What was found in a model's text.
#[derive(Debug)]
pub struct Inspection {
    model: Option<Model>,
    problems: ModelProblems,
    tree: Tree,
    folder: PathBuf,
}

impl Inspection {
    /// Looks at a file: JSON if its name ends so, or it begins as JSON does; else TOML.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        let syntax = Syntax::of(path, &text);
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self::new(&path.display().to_string(), text, syntax, folder))
    }

    /// Looks at a text. Relative paths of references start at `folder`; `name` is what the problems call the text.
    pub fn new(name: &str, text: String, syntax: Syntax, folder: &Path) -> Self {
        // An editor may begin a file so; no place in it is shifted by leaving it out.
        let text = text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text);
        let mut source = Source::new(name.to_owned(), text);
        let mut findings = Vec::new();
        let tree = match Tree::read(source.text(), syntax, &mut findings) {
            Ok(tree) => {
                source.cover(&tree);
                check::check(&tree, syntax, &mut findings);
                tree
            }
            Err(errors) => {
                source.cover_unread();
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
        match written::model(self.tree.root().value, &self.folder) {
            Ok(model) => self.model = Some(model),
            // The schema is tested to let nothing through that the types refuse.
            Err(error) => {
                let defect = Defect::Shape { key: "the model".to_owned(), rule: error.to_string(), example: None };
                let finding = Finding::new(schemas::Pointer::default(), defect);
                let problem = ModelProblem::new(finding, &self.tree, self.problems.source());
                self.problems.add([problem]);
            }
        }
    }

    /// Looks up what the references to secrets lead to on this machine. One that leads nowhere is a warning; a secret
    /// that breaks a limit of the product's form is an error.
    #[must_use]
    pub fn look_up(mut self) -> Self {
        let findings = look_up(&self.tree.root(), |reference| written::beside(&self.folder, reference));
        let problem = |finding| ModelProblem::new(finding, &self.tree, self.problems.source());
        let problems: Vec<ModelProblem> = findings.into_iter().map(problem).collect();
        self.problems.add(problems);
        if self.problems.errors() > 0 {
            self.model = None;
        }
        self
    }

    /// The model, if nothing but warnings was found.
    pub fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// Everything that was found, warnings included.
    pub fn problems(&self) -> &ModelProblems {
        &self.problems
    }

    /// The model.
    ///
    /// # Errors
    /// Everything that was found, if any of it is an error.
    pub fn into_model(self) -> Result<Model, ModelProblems> {
        self.model.ok_or(self.problems)
    }
}
