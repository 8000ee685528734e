//! The most favoured price: what a buyer paid above the least that comparable customers paid.

use abide_model::money::Exact;

/// What somebody bought of one product in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    /// How many units; above zero.
    pub units: Exact,
    /// For how much in all, in currency units.
    pub paid: Exact,
    /// What its price is multiplied by before it is compared.
    pub adjust: Exact,
}

impl Deal {
    /// Its price for a unit, adjusted; `None` where nothing was bought.
    #[must_use]
    pub fn price(&self) -> Option<Exact> {
        let bought = !self.units.is_zero() && !self.units.is_negative();
        bought.then(|| &self.paid / &self.units).flatten().map(|price| &price * &self.adjust)
    }
}

/// The least price among the buyer's own deals and the comparable ones: min(p_b, min pₓ·adj). `None` without deals.
#[must_use]
pub fn favoured(own: &[Deal], comparable: &[Deal]) -> Option<Exact> {
    own.iter().chain(comparable).filter_map(Deal::price).min()
}

/// What is credited: Σ q·(paid − favoured) over the buyer's own deals. Zero where nothing is comparable.
#[must_use]
pub fn credit(own: &[Deal], comparable: &[Deal]) -> Exact {
    // Only what others paid lowers a price: a buyer's own deals may differ among themselves.
    let Some(best) = comparable.iter().filter_map(Deal::price).min() else { return Exact::zero() };
    let above = |deal: &Deal| (&deal.paid - &(&deal.units * &best)).max(Exact::zero());
    own.iter().map(above).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn deal(units: i128, paid: i128, adjust: &str) -> Deal {
        Deal { units: Exact::whole(units), paid: Exact::whole(paid), adjust: Exact::parse(adjust).unwrap() }
    }

    #[test]
    fn the_buyer_is_credited_what_it_paid_above_the_least_adjusted_price() {
        let own = [deal(10, 1_000, "100%")];
        assert_eq!(credit(&own, &[deal(5, 450, "100%"), deal(5, 480, "100%")]), Exact::whole(100));
        assert_eq!(credit(&own, &[deal(5, 450, "110%")]), Exact::whole(10));
        assert_eq!(credit(&own, &[deal(5, 600, "100%")]), Exact::zero());
        assert_eq!(credit(&own, &[]), Exact::zero());
        assert_eq!(favoured(&own, &[deal(5, 450, "110%")]), Some(Exact::whole(99)));
        assert_eq!(favoured(&[], &[deal(0, 5, "100%")]), None);
    }

    proptest! {
        #[test]
        fn after_the_credit_the_buyer_pays_no_more_than_anybody_comparable(
            own in (1i128..100, 0i128..10_000), others in prop::collection::vec((1i128..100, 0i128..10_000), 1..6),
        ) {
            let own = deal(own.0, own.1, "100%");
            let others: Vec<_> = others.into_iter().map(|(units, paid)| deal(units, paid, "100%")).collect();
            let paid = &own.paid - &credit(std::slice::from_ref(&own), &others);
            let price = (&paid / &own.units).unwrap();
            prop_assert_eq!(Some(price), favoured(std::slice::from_ref(&own), &others));
        }
    }
}
