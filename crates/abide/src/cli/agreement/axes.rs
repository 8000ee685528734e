//! Boxes of asks, as JSON: one shape wherever a command tells them.

use abide_agreement::{Change, Extent};
use abide_model::decision::Action;
use abide_model::name::{Channel, Product, Segment, Territory};
use serde::Serialize;

/// What the asks of a box say beside who acts and when. Segments and countries are left out where the box spans them
/// all; `null` among them is a customer of none that is named.
#[derive(Serialize)]
pub(super) struct AxesJson<'a> {
    actions: Vec<&'static str>,
    products: Vec<&'a str>,
    channels: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<Option<&'a str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    countries: Vec<Option<&'a str>>,
}

impl<'a> From<&'a Extent> for AxesJson<'a> {
    fn from(extent: &'a Extent) -> Self {
        let Extent { actions, products, channels, segments, territories } = extent;
        axes(actions, (products, channels), (segments, territories))
    }
}

impl<'a> From<&'a Change> for AxesJson<'a> {
    fn from(change: &'a Change) -> Self {
        let Change { actions, products, channels, segments, territories, .. } = change;
        axes(actions, (products, channels), (segments, territories))
    }
}

fn axes<'a>(
    actions: &[Action],
    (products, channels): (&'a [Product], &'a [Channel]),
    (segments, territories): (&'a [Option<Segment>], &'a [Option<Territory>]),
) -> AxesJson<'a> {
    AxesJson {
        actions: actions.iter().map(|action| action.as_str()).collect(),
        products: products.iter().map(Product::as_str).collect(),
        channels: channels.iter().map(Channel::as_str).collect(),
        segments: segments.iter().map(|one| one.as_ref().map(Segment::as_str)).collect(),
        countries: territories.iter().map(|one| one.as_ref().map(Territory::as_str)).collect(),
    }
}
