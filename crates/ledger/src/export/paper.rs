//! What every page that leaves the house has: its look, on screens and on paper, and its head.

use crate::period::Period;

/// The look of the page, on screens and on paper.
const STYLE: &str = "\
:root { color-scheme: light; }
body { font: 11pt/1.45 'Helvetica Neue', Helvetica, Arial, sans-serif; color: #1a1a1a; background: #fff;
       max-width: 46rem; margin: 2.5rem auto; padding: 0 1.5rem; }
header { display: flex; justify-content: space-between; align-items: flex-start; gap: 2rem; }
h1 { font-size: 1.7rem; font-weight: 600; letter-spacing: -0.01em; margin: 0; }
h2 { font-size: 1rem; font-weight: 600; margin: 2rem 0 0.5rem; }
dl { display: grid; grid-template-columns: auto auto; gap: 0.15rem 1rem; margin: 0; font-size: 0.9rem; }
dt { color: #595959; } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.parties { display: grid; grid-template-columns: 1fr 1fr; gap: 2rem; margin: 2rem 0 0.5rem; }
.parties p { margin: 0; } .parties span { display: block; color: #595959; font-size: 0.85rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
.what { width: 56%; } .when { width: 26%; } .n { width: 18%; } td.when { font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: 0.85rem; font-weight: 500; color: #595959; border-bottom: 1.5px solid #1a1a1a; }
th, td { padding: 0.45rem 0.75rem 0.45rem 0; vertical-align: top; }
td { border-bottom: 1px solid #d9d9d9; } .sum td { border-bottom: 0; font-weight: 600; }
.sum td:last-child { border-bottom: 3px double #1a1a1a; }
th.n, td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; padding-right: 0; }
small { display: block; color: #595959; font-size: 0.85rem; }
.wide .what { width: 30%; } .wide .used { width: 52%; } .price th.n, .price td.n { width: 16%; }
td.used, .price td { font-variant-numeric: tabular-nums; } .part td { font-weight: 600; border-bottom: 0; padding-bottom: 0; }
.draft { border: 1.5px solid #1a1a1a; padding: 0.5rem 0.75rem; margin: 1.5rem 0 0; }
footer { margin-top: 2.5rem; padding-top: 0.75rem; border-top: 1px solid #d9d9d9; color: #595959; font-size: 0.8rem; }
@page { size: A4; margin: 20mm 18mm; }
@media print { body { max-width: none; margin: 0; padding: 0; font-size: 10pt; } thead { display: table-header-group; }
  tr, tbody.one, .parties, .draft { break-inside: avoid; } h2 { break-after: avoid; } }
";

/// The beginning of a page, up to its first element.
pub(super) fn begin(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n",
        escaped(title)
    )
}

/// What it is and its number, for when, from whom and to whom.
pub(super) fn head((title, number): (&str, &str), period: Period, (from, to): (&str, &str)) -> String {
    let (first, last) = (period.first_day(), period.last_day());
    format!(
        "<header>\n<h1>{title}</h1>\n<dl>\n<dt>Number</dt><dd>{}</dd>\n<dt>Period</dt><dd>{period}</dd>\n\
         <dt>First day</dt><dd>{first}</dd>\n<dt>Last day</dt><dd>{last}</dd>\n</dl>\n</header>\n\
         <section class=\"parties\">\n<p><span>From</span>{}</p>\n<p><span>To</span>{}</p>\n</section>\n",
        escaped(number),
        escaped(from),
        escaped(to),
    )
}

/// Text that can break out of no element and no attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_become_markup() {
        assert_eq!(escaped("<b a=\"x\">R&D's</b>"), "&lt;b a=&quot;x&quot;&gt;R&amp;D&#39;s&lt;/b&gt;");
    }
}
