//! Makes the flat list of twins out of the tree and its templates, and remembers where everything stands.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::doc::{SiteDoc, TemplateDoc, TwinDoc};
use super::fill::{Filler, is_name};
use super::flat::{Described, FlatTwin, merge};
use super::near::{did_you_mean, one_of};
use super::problem::{Place, Problems};

/// Twins below twins below twins.
const MAX_DEPTH: usize = 32;

/// Templates multiply: ten of ten of ten make a thousand.
const MAX_TWINS: usize = 250_000;

/// In which template a text stands, and the values of its parameters.
struct Scope {
    template: Rc<str>,
    params: BTreeMap<String, String>,
    outer: Option<Rc<Self>>,
}

/// Where a twin is written, before it is made.
struct Written<'d> {
    doc: &'d TwinDoc,
    path: Rc<str>,
    scope: Option<Rc<Scope>>,
}

/// Unfolds a site. Parents stand before their children, siblings in the order of the file.
pub(super) fn unfold(site: &SiteDoc, problems: &mut Problems) -> Vec<FlatTwin> {
    let mut unfolder = Unfolder {
        templates: &site.templates,
        uses: site.templates.keys().map(|it| (it.as_str(), 0)).collect(),
        problems,
        flats: Vec::new(),
        addresses: HashMap::new(),
        n_made: 0,
    };
    for name in site.templates.iter().flat_map(|(template, it)| it.params.keys().map(move |name| (template, name))) {
        if !is_name(name.1) {
            let path = format!("templates[\"{}\"].params[\"{}\"]@", name.0, name.1);
            unfolder.problems.error(path, "a bad name for a parameter").expecting("letters a-z, digits and _");
        }
    }
    for (i, doc) in site.twins.iter().enumerate() {
        unfolder.twin(Written { doc, path: format!("twins[{i}]").into(), scope: None }, None, 0);
    }
    let unused = |it: &&String| unfolder.uses.get(it.as_str()) == Some(&0);
    for name in site.templates.keys().filter(unused) {
        unfolder.problems.warning(format!("templates[\"{name}\"]@"), format!("template {name:?} is never used"));
    }
    unfolder.flats
}

struct Unfolder<'d, 'p> {
    templates: &'d BTreeMap<String, TemplateDoc>,
    /// How often each template is used.
    uses: HashMap<&'d str, usize>,
    problems: &'p mut Problems,
    flats: Vec<FlatTwin>,
    addresses: HashMap<Arc<str>, usize>,
    n_made: usize,
}

impl<'d> Unfolder<'d, '_> {
    fn twin(&mut self, written: Written<'d>, parent: Option<usize>, depth: usize) {
        if self.flats.len() >= MAX_TWINS {
            if self.flats.len() == MAX_TWINS {
                let message = format!("more than {MAX_TWINS} twins");
                self.problems.error(written.path.to_string(), message).hinting("split the site");
            }
            return;
        }
        if depth >= MAX_DEPTH {
            let message = format!("twins stand more than {MAX_DEPTH} deep in each other");
            self.problems.error(written.path.to_string(), message).hinting("make the tree flatter");
            return;
        }
        let parent_address = parent.map(|it| Arc::clone(&self.flats[it].address));
        let mut layers = Vec::new();
        let mut children = Vec::new();
        let complete = self.layers(&written, parent_address.as_deref(), &mut layers, &mut children);
        let mut flat = merge(layers);
        flat.complete = complete;
        flat.parent = parent;
        flat.address = match &parent_address {
            Some(parent) => format!("{parent}.{}", flat.doc.id).into(),
            None => flat.doc.id.as_str().into(),
        };
        self.check_id(&flat);

        let position = self.flats.len();
        self.addresses.entry(Arc::clone(&flat.address)).or_insert(position);
        self.flats.push(flat);
        if let Some(parent) = parent {
            self.flats[parent].children.push(position);
        }
        for child in children {
            self.twin(child, Some(position), depth + 1);
        }
    }

    /// Gathers what describes a twin, templates first, and the children that they give it. False where a template is
    /// missing.
    fn layers(
        &mut self,
        written: &Written<'d>,
        parent: Option<&str>,
        layers: &mut Vec<Described>,
        children: &mut Vec<Written<'d>>,
    ) -> bool {
        let mut complete = true;
        let Written { doc, path, scope } = written;
        let mut own = without_children(doc);
        let template_name = scope.as_ref().map(|it| Rc::clone(&it.template));
        let made = template_name.as_ref().map(|it| (parent.unwrap_or("the site").to_owned(), it.to_string()));
        let place = Place { path: path.to_string(), made };
        if let Some(scope) = scope {
            let (problems, n_made) = (&mut *self.problems, &mut self.n_made);
            Filler { params: &scope.params, place: &place, problems, n_made }.twin(&mut own);
        }
        match own.uses.take() {
            Some(uses) => {
                if let Some((template, scope)) = self.template(&uses, &own.with, scope, &place) {
                    let path = format!("templates[\"{}\"].twin", scope.template).into();
                    let inner = Written { doc: &template.twin, path, scope: Some(scope) };
                    complete = self.layers(&inner, parent, layers, children);
                } else {
                    complete = false;
                }
            }
            None if !own.with.is_empty() => {
                self.problems.error(place.at(".with@"), "parameters without a template").expecting("`uses` as well");
            }
            None => (),
        }
        layers.push(Described { doc: own, path: Rc::clone(path), template: template_name });
        children.extend(doc.twins.iter().enumerate().map(|(i, doc)| Written {
            doc,
            path: format!("{path}.twins[{i}]").into(),
            scope: scope.clone(),
        }));
        complete
    }

    /// Finds a template and gives its parameters their values.
    fn template(
        &mut self,
        name: &str,
        with: &BTreeMap<String, String>,
        outer: &Option<Rc<Scope>>,
        place: &Place,
    ) -> Option<(&'d TemplateDoc, Rc<Scope>)> {
        let known = || self.templates.keys().map(String::as_str);
        let Some((key, template)) = self.templates.get_key_value(name) else {
            let expected = one_of(known()).unwrap_or_else(|| "a template of this file, which has none".to_owned());
            let hint = did_you_mean(name, known());
            let message = format!("there is no template {name:?}");
            self.problems.error(place.at(".uses"), message).expecting(expected).hinting(hint);
            return None;
        };
        *self.uses.entry(key).or_default() += 1;
        let mut chain = vec![name];
        let mut next = outer.as_deref();
        while let Some(scope) = next {
            if chain.len() >= MAX_DEPTH {
                let message = format!("templates use each other more than {MAX_DEPTH} deep");
                self.problems.error(Place::from(place.path.clone()).at(".uses"), message);
                return None;
            }
            chain.push(&scope.template);
            if &*scope.template == name {
                chain.reverse();
                let message = format!("template {name:?} uses itself: {}", chain.join(" → "));
                self.problems.error(Place::from(place.path.clone()).at(".uses"), message);
                return None;
            }
            next = scope.outer.as_deref();
        }
        for given in with.keys().filter(|it| !template.params.contains_key(*it)) {
            let hint = did_you_mean(given, template.params.keys().map(String::as_str));
            let expected = one_of(template.params.keys().map(String::as_str));
            let message = format!("template {name:?} has no parameter {given:?}");
            self.problems
                .error(place.at(&format!(".with[\"{given}\"]@")), message)
                .expecting(expected.unwrap_or_else(|| "none: it has no parameters".to_owned()))
                .hinting(hint);
        }
        let mut params = BTreeMap::new();
        for (param, default) in &template.params {
            let value = with.get(param).unwrap_or(default);
            if value.is_empty() && !with.contains_key(param) {
                let message = format!("template {name:?} needs its parameter {param:?}");
                let hint = format!("add it: with: {{ {param:?}: \"…\" }}");
                self.problems.error(place.at(".uses"), message).hinting(hint);
            }
            params.insert(param.clone(), value.clone());
        }
        Some((template, Rc::new(Scope { template: key.as_str().into(), params, outer: outer.clone() })))
    }

    fn check_id(&mut self, flat: &FlatTwin) {
        let id = &flat.doc.id;
        if id.is_empty() {
            self.problems
                .error(flat.place(".id"), "a twin without id")
                .expecting("id: \"…\", unique among its siblings");
        } else if !is_name(id) {
            let hint = id_hint(id);
            self.problems
                .error(flat.place(".id"), format!("{id:?} is no id"))
                .expecting("letters a-z, digits and _")
                .hinting(hint);
        } else if let Some(&first) = self.addresses.get(&flat.address) {
            let first = self.flats[first].place(".id");
            let message = format!("there is another twin {:?}", &*flat.address);
            self.problems.error(flat.place(".id"), message).first_at(first);
        }
    }
}

/// What an id that is none could be.
pub(super) fn id_hint(id: &str) -> Option<String> {
    let mended: String =
        id.to_lowercase().chars().map(|it| if is_name(it.encode_utf8(&mut [0; 4])) { it } else { '_' }).collect();
    is_name(&mended).then(|| format!("write {mended:?}"))
}

fn without_children(doc: &TwinDoc) -> TwinDoc {
    TwinDoc {
        id: doc.id.clone(),
        name: doc.name.clone(),
        kind: doc.kind,
        about: doc.about.clone(),
        uses: doc.uses.clone(),
        with: doc.with.clone(),
        at: doc.at,
        body: doc.body.clone(),
        device: doc.device.clone(),
        signals: doc.signals.clone(),
        commands: doc.commands.clone(),
        emergency_stop: doc.emergency_stop.clone(),
        alarms: doc.alarms.clone(),
        expects: doc.expects.clone(),
        looks: doc.looks.clone(),
        physics: doc.physics.clone(),
        twins: Vec::new(),
        involves: doc.involves.clone(),
    }
}
