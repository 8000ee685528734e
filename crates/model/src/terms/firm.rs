//! What invoices say of a party besides its name.

/// What invoices say of a party, as far as the book knows it. Under EN 16931: the postal address (BG-5, BG-8), the VAT
/// or tax registration identifier (BT-31, BT-48), the payment account (BT-84) and the payment terms (BT-20).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Firm {
    /// Where it sits, line by line.
    pub address: Vec<String>,
    /// Its VAT or tax number.
    pub tax_id: Option<String>,
    /// Where it is paid, line by line.
    pub pay_to: Vec<String>,
    /// Within what time it is to be paid, as in `30d`.
    pub pay_within: Option<String>,
}
