//! Puts cells together into few large boxes.

use std::collections::BTreeMap;

/// A box: on each axis, the values it spans, ascending.
pub(crate) type Block = Vec<Vec<usize>>;

/// Joins boxes that differ on one axis alone until none do. What they cover together stays the same.
///
/// Which axis is joined first decides how large the boxes come out: each is tried, and the fewest boxes are kept. The
/// order in which boxes are given decides nothing.
pub(crate) fn merge(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.sort_unstable();
    blocks.dedup();
    let axes = blocks.first().map_or(0, Vec::len);
    let tries =
        (0..axes).map(|first| joined_from(blocks.clone(), (0..axes).map(|axis| (first + axis) % axes)));
    tries.min_by_key(Vec::len).unwrap_or_default()
}

fn joined_from(mut blocks: Vec<Block>, order: impl Iterator<Item = usize> + Clone) -> Vec<Block> {
    loop {
        let before = blocks.len();
        for axis in order.clone() {
            blocks = joined(blocks, axis);
        }
        if blocks.len() == before {
            return blocks;
        }
    }
}

fn joined(blocks: Vec<Block>, axis: usize) -> Vec<Block> {
    let mut alike: BTreeMap<Block, Vec<usize>> = BTreeMap::new();
    for mut block in blocks {
        let values = block.get_mut(axis).map(std::mem::take).unwrap_or_default();
        alike.entry(block).or_default().extend(values);
    }
    let fill = |(mut block, mut values): (Block, Vec<usize>)| {
        values.sort_unstable();
        values.dedup();
        if let Some(place) = block.get_mut(axis) {
            *place = values;
        }
        block
    };
    let mut blocks: Vec<Block> = alike.into_iter().map(fill).collect();
    blocks.sort_unstable();
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn points(blocks: &[Block]) -> Vec<Vec<usize>> {
        let mut found = Vec::new();
        for block in blocks {
            let mut rows = vec![Vec::new()];
            for values in block {
                let longer = |row: Vec<usize>| {
                    values.iter().map(move |value| row.iter().copied().chain([*value]).collect())
                };
                rows = rows.into_iter().flat_map(longer).collect();
            }
            found.extend(rows);
        }
        found.sort_unstable();
        found
    }

    #[test]
    fn neighbours_grow_together_along_every_axis() {
        let cells = [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0]];
        let blocks = cells.map(|cell| cell.map(|value| vec![value]).to_vec()).to_vec();
        assert_eq!(merge(blocks), [vec![vec![0, 1], vec![1]], vec![vec![0, 1, 2], vec![0]]]);
    }

    proptest! {
        #[test]
        fn boxes_cover_the_cells_they_were_made_of_once_each(
            cells in prop::collection::btree_set([0usize..4, 0usize..3, 0usize..3], 0..36),
        ) {
            let single = |cell: &[usize; 3]| cell.map(|value| vec![value]).to_vec();
            let blocks = merge(cells.iter().map(single).collect());
            let covered = points(&blocks);
            let wanted: Vec<Vec<usize>> = cells.iter().map(|cell| cell.to_vec()).collect();
            prop_assert_eq!(&covered, &wanted);
            prop_assert_eq!(covered.iter().collect::<BTreeSet<_>>().len(), covered.len());
        }
    }
}
