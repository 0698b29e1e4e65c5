//! The order of steps: a graph of their indices in the model.

#[derive(Debug)]
pub(crate) struct Arrows {
    previous: Vec<Vec<usize>>,
}

impl Arrows {
    /// From the names of the steps, each with those of its previous steps. Unknown names are ignored; a repeated name is the
    /// first step.
    pub(crate) fn new<'n>(steps: impl IntoIterator<Item = (&'n str, Vec<&'n str>)>) -> Self {
        let (names, previous): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        let place = |name: &str| names.iter().position(|other| *other == name);
        let previous = previous.iter().map(|names| {
            let mut places: Vec<usize> = names.iter().filter_map(|name| place(name)).collect();
            places.sort_unstable();
            places.dedup();
            places
        });
        Self { previous: previous.collect() }
    }

    /// The steps that a step leads to, in the order of the model.
    pub(crate) fn next(&self, step: usize) -> impl Iterator<Item = usize> {
        (0..self.previous.len()).filter(move |next| self.previous[*next].contains(&step))
    }

    /// Whether a step must be completed before another can begin.
    pub(crate) fn is_before(&self, earlier: usize, later: usize) -> bool {
        let mut seen = vec![false; self.previous.len()];
        let mut ahead = self.previous[later].clone();
        while let Some(step) = ahead.pop() {
            if !std::mem::replace(&mut seen[step], true) {
                ahead.extend(&self.previous[step]);
            }
        }
        seen[earlier]
    }

    /// The steps in topological order, as close to the model's as possible. Steps on a circle and after one are left out.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut order = Vec::new();
        let mut done = vec![false; self.previous.len()];
        let ready = |done: &[bool]| {
            (0..done.len()).find(|step| !done[*step] && self.previous[*step].iter().all(|previous| done[*previous]))
        };
        while let Some(step) = ready(&done) {
            done[step] = true;
            order.push(step);
        }
        order
    }

    /// The circles, each once, in the direction of the flow and beginning at its first step in the model.
    pub(crate) fn circles(&self) -> Vec<Vec<usize>> {
        let on_one = |step: &usize| self.is_before(*step, *step);
        let mut left: Vec<usize> = (0..self.previous.len()).filter(on_one).collect();
        let mut circles = Vec::new();
        while let Some(&first) = left.first() {
            let circle = self.way_around(first);
            // Opening this circle opens all circles that are connected with it.
            left.retain(|step| !(self.is_before(first, *step) && self.is_before(*step, first)));
            circles.push(circle);
        }
        circles
    }

    /// The shortest path from a step back to itself.
    fn way_around(&self, first: usize) -> Vec<usize> {
        let mut came_from = vec![None; self.previous.len()];
        let mut edge = vec![first];
        while came_from[first].is_none() && !edge.is_empty() {
            let mut next_edge = Vec::new();
            for step in edge {
                for next in self.next(step) {
                    if came_from[next].is_none() {
                        came_from[next] = Some(step);
                        next_edge.push(next);
                    }
                }
            }
            edge = next_edge;
        }
        let mut way = Vec::new();
        let mut step = first;
        while let Some(before) = came_from[step] {
            way.push(before);
            step = before;
            if step == first {
                break;
            }
        }
        way.reverse();
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrows(text: &str) -> Arrows {
        let steps = text.split(' ').map(|step| {
            let (name, previous) = step.split_once('<').unwrap_or((step, ""));
            (name, previous.split(',').filter(|name| !name.is_empty()).collect())
        });
        Arrows::new(steps)
    }

    #[test]
    fn order_and_circles() {
        for (text, order, circles) in [
            ("a b<a c<b", [0, 1, 2].as_slice(), [].as_slice()),
            ("c<b b<a a", &[2, 1, 0], &[]),
            ("a b<a c<a d<b,c", &[0, 1, 2, 3], &[]),
            ("a b<a,b", &[0], &[[1].as_slice()]),
            ("a b<a,d c<b d<c e<d", &[0], &[&[1, 2, 3]]),
            ("a<b b<a c<d d<c", &[], &[&[0, 1], &[2, 3]]),
            ("a<nobody", &[0], &[]),
        ] {
            let arrows = arrows(text);
            assert_eq!(arrows.order(), order, "{text}");
            assert_eq!(arrows.circles(), circles, "{text}");
        }
    }

    #[test]
    fn before_is_transitive_and_not_reflexive() {
        let arrows = arrows("a b<a c<a d<b,c");
        for (earlier, later, expected) in [(0, 3, true), (1, 3, true), (3, 0, false), (1, 2, false), (1, 1, false)] {
            assert_eq!(arrows.is_before(earlier, later), expected, "{earlier} {later}");
        }
        assert_eq!(arrows.next(0).collect::<Vec<_>>(), [1, 2]);
    }
}
