//! Where labels go: greedily, the most important first, each on the side it had, and never one over another.

use std::collections::BTreeMap;

use bevy::math::{Rect, Vec2};

/// A label that wants a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// Whose.
    pub id: u32,
    /// What it is about, logical pixels.
    pub anchor: Vec2,
    /// Its size, logical pixels.
    pub size: Vec2,
    /// More important first.
    pub priority: f32,
}

/// A label with a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// Whose.
    pub id: u32,
    /// Where it is drawn, on whole pixels.
    pub rect: Rect,
    /// Where its line leads.
    pub anchor: Vec2,
}

/// The side that each label has, so that it keeps it.
pub type Sides = BTreeMap<u32, usize>;

/// From the anchor to the label's middle: in half sizes, and a gap in pixels.
const SIDES: [(Vec2, Vec2); 6] = [
    (Vec2::new(0.0, -1.0), Vec2::new(0.0, -16.0)),
    (Vec2::new(1.0, -1.0), Vec2::new(14.0, -10.0)),
    (Vec2::new(-1.0, -1.0), Vec2::new(-14.0, -10.0)),
    (Vec2::new(0.0, -1.0), Vec2::new(0.0, -46.0)),
    (Vec2::new(1.0, 0.0), Vec2::new(22.0, 4.0)),
    (Vec2::new(-1.0, 0.0), Vec2::new(-22.0, 4.0)),
];

/// Free pixels around a label.
const MARGIN: f32 = 3.0;

/// Places as many labels as there is room for.
pub fn place(wishes: &[Wish], within: Rect, taken: &[Rect], sides: &mut Sides) -> Vec<Placed> {
    let mut order: Vec<&Wish> =
        wishes.iter().filter(|it| it.anchor.is_finite() && within.contains(it.anchor)).collect();
    // What has a place keeps it against equals.
    let worth = |it: &Wish| it.priority + if sides.contains_key(&it.id) { 0.15 } else { 0.0 };
    order.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.id.cmp(&b.id)));
    let mut placed: Vec<Placed> = Vec::new();
    let mut next = Sides::new();
    for wish in order {
        let at_side = |side: usize| {
            let (halves, gap) = SIDES[side];
            let low = (wish.anchor + wish.size * 0.5 * halves + gap - wish.size * 0.5).round();
            Rect::from_corners(low, low + wish.size.ceil())
        };
        let fits = |side: &usize| {
            let rect = at_side(*side).inflate(MARGIN);
            within.contains(rect.min)
                && within.contains(rect.max)
                && !placed.iter().any(|it| overlap(it.rect, rect))
                && !taken.iter().any(|it| overlap(*it, rect))
        };
        let had = sides.get(&wish.id).copied().filter(|it| *it < SIDES.len());
        if let Some(side) = had.into_iter().chain(0..SIDES.len()).find(fits) {
            next.insert(wish.id, side);
            placed.push(Placed { id: wish.id, rect: at_side(side), anchor: wish.anchor });
        }
    }
    *sides = next;
    placed
}

fn overlap(a: Rect, b: Rect) -> bool {
    !a.intersect(b).is_empty()
}

/// Boxes that would overlap come together: the members of each group, most important first, and the group's box, which is
/// the first one's while it is alone, and `together` about its middle from then on.
pub fn merge_boxes(boxes: &[(u32, Rect)], together: Vec2) -> Vec<(Rect, Vec<u32>)> {
    let mut groups: Vec<(Rect, Vec<u32>)> = Vec::new();
    for (id, rect) in boxes {
        match groups.iter_mut().find(|it| overlap(it.0, *rect)) {
            Some(group) => {
                group.1.push(*id);
                group.0 = Rect::from_center_size(group.0.center(), together);
            }
            None => groups.push((*rect, vec![*id])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: Rect = Rect { min: Vec2::ZERO, max: Vec2::new(800.0, 600.0) };

    fn wish(id: u32, x: f32, y: f32, priority: f32) -> Wish {
        Wish { id, anchor: Vec2::new(x, y), size: Vec2::new(80.0, 30.0), priority }
    }

    #[test]
    fn labels_never_overlap_nor_leave_the_view() {
        let wishes: Vec<Wish> = (0..60).map(|n| wish(n, (n * 37 % 800) as f32, (n * 91 % 600) as f32, 0.0)).collect();
        let placed = place(&wishes, SCREEN, &[], &mut Sides::new());
        assert!(placed.len() > 20);
        for (n, a) in placed.iter().enumerate() {
            assert!(SCREEN.contains(a.rect.min) && SCREEN.contains(a.rect.max));
            assert!(placed[n + 1..].iter().all(|b| !overlap(a.rect, b.rect)));
            assert_eq!(a.rect.min, a.rect.min.round());
        }
    }

    #[test]
    fn a_label_keeps_its_side_while_it_fits() {
        let mut sides = Sides::new();
        let both = [wish(1, 300.0, 300.0, 2.0), wish(2, 310.0, 300.0, 1.0)];
        let first = place(&both, SCREEN, &[], &mut sides);
        let kept = sides.clone();
        // The other one goes; this one stays where it is.
        let alone = place(&both[1..], SCREEN, &[], &mut sides);
        assert_eq!(alone[0].rect, first[1].rect);
        assert_eq!(sides.get(&2), kept.get(&2));
    }

    #[test]
    fn rows_of_icons_that_would_overlap_become_one() {
        let row = |id: u32, x: f32, icons: f32| {
            (id, Rect::from_center_size(Vec2::new(x, 50.0), Vec2::new(icons * 20.0, 20.0)))
        };
        let together = Vec2::new(40.0, 20.0);
        let groups = merge_boxes(&[row(1, 100.0, 4.0), row(2, 130.0, 1.0), row(3, 190.0, 2.0)], together);
        assert_eq!(groups.iter().map(|it| it.1.clone()).collect::<Vec<_>>(), [vec![1, 2], vec![3]]);
        assert_eq!(groups[0].0.size(), together);
        assert_eq!(groups[1].0.size(), Vec2::new(40.0, 20.0));
    }
}
