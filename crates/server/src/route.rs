//! From method and path to what is asked for. Parsed once; what comes after matches on [`Op`].

use hyper::Method;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// A page for whoever opens the address in a browser.
    Home,
    /// Whether the process lives.
    Health,
    /// Whether it can serve.
    Ready,
    /// Counts for Prometheus.
    Metrics,
    /// Something that needs a key.
    Api(Api),
}

/// What only the holder of a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    CreateResponse,
    ReadResponse,
    DeleteResponse,
    CancelResponse,
    ListInput,
    CreateConversation,
    ReadConversation,
    UpdateConversation,
    DeleteConversation,
    ListItems,
    AddItems,
    ReadItem,
    DeleteItem,
    CreateChat,
    ListModels,
    ReadModel,
}

/// Everything that can be asked for, in the order of [`Op::index`].
pub(crate) const ALL: [Op; 20] = [
    Op::Home,
    Op::Health,
    Op::Ready,
    Op::Metrics,
    Op::Api(Api::CreateResponse),
    Op::Api(Api::ReadResponse),
    Op::Api(Api::DeleteResponse),
    Op::Api(Api::CancelResponse),
    Op::Api(Api::ListInput),
    Op::Api(Api::CreateConversation),
    Op::Api(Api::ReadConversation),
    Op::Api(Api::UpdateConversation),
    Op::Api(Api::DeleteConversation),
    Op::Api(Api::ListItems),
    Op::Api(Api::AddItems),
    Op::Api(Api::ReadItem),
    Op::Api(Api::DeleteItem),
    Op::Api(Api::CreateChat),
    Op::Api(Api::ListModels),
    Op::Api(Api::ReadModel),
];

/// How many operations precede those of [`Api`] in [`ALL`].
const OPEN_OPS: usize = 4;

impl Op {
    /// Its place in [`ALL`].
    pub(crate) fn index(self) -> usize {
        match self {
            Op::Home => 0,
            Op::Health => 1,
            Op::Ready => 2,
            Op::Metrics => 3,
            Op::Api(api) => OPEN_OPS + api as usize,
        }
    }

    /// Its method and its path with names for the ids, for logs and metrics.
    pub(crate) fn shape(self) -> (&'static str, &'static str) {
        match self {
            Op::Home => ("GET", "/"),
            Op::Health => ("GET", "/healthz"),
            Op::Ready => ("GET", "/readyz"),
            Op::Metrics => ("GET", "/metrics"),
            Op::Api(api) => api.shape(),
        }
    }

    /// Whether `method` asks for it. What needs no key can be asked for its head alone.
    fn takes(self, method: &Method) -> bool {
        let open = match self {
            Op::Home | Op::Health | Op::Ready | Op::Metrics => true,
            Op::Api(_) => false,
        };
        method.as_str() == self.shape().0 || (open && method == Method::HEAD)
    }
}

impl Api {
    fn shape(self) -> (&'static str, &'static str) {
        match self {
            Api::CreateResponse => ("POST", "/v1/responses"),
            Api::ReadResponse => ("GET", "/v1/responses/{id}"),
            Api::DeleteResponse => ("DELETE", "/v1/responses/{id}"),
            Api::CancelResponse => ("POST", "/v1/responses/{id}/cancel"),
            Api::ListInput => ("GET", "/v1/responses/{id}/input_items"),
            Api::CreateConversation => ("POST", "/v1/conversations"),
            Api::ReadConversation => ("GET", "/v1/conversations/{id}"),
            Api::UpdateConversation => ("POST", "/v1/conversations/{id}"),
            Api::DeleteConversation => ("DELETE", "/v1/conversations/{id}"),
            Api::ListItems => ("GET", "/v1/conversations/{id}/items"),
            Api::AddItems => ("POST", "/v1/conversations/{id}/items"),
            Api::ReadItem => ("GET", "/v1/conversations/{id}/items/{item}"),
            Api::DeleteItem => ("DELETE", "/v1/conversations/{id}/items/{item}"),
            Api::CreateChat => ("POST", "/v1/chat/completions"),
            Api::ListModels => ("GET", "/v1/models"),
            Api::ReadModel => ("GET", "/v1/models/{model}"),
        }
    }
}

/// What a request asks for, and the names in its path, still encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route<'p> {
    pub(crate) op: Op,
    pub(crate) first: &'p str,
    pub(crate) second: &'p str,
}

/// Why there is no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    /// Nothing stands at this path.
    Path,
    /// Something does, for other methods: the operations it has.
    Method(&'static [Op]),
}

/// Finds what a request asks for.
pub(crate) fn find<'p>(method: &Method, path: &'p str) -> Result<Route<'p>, Miss> {
    let (ops, first, second) = place(path).ok_or(Miss::Path)?;
    let op = ops.iter().copied().find(|op| op.takes(method)).ok_or(Miss::Method(ops))?;
    Ok(Route { op, first, second })
}

/// The methods that a path takes, for the `Allow` header.
pub(crate) fn allowed(ops: &[Op]) -> String {
    let methods: Vec<&str> = ops.iter().map(|op| op.shape().0).collect();
    methods.join(", ")
}

fn place(path: &str) -> Option<(&'static [Op], &str, &str)> {
    let Some(rest) = path.strip_prefix("/v1/") else {
        return open(path).map(|ops| (ops, "", ""));
    };
    if let Some(model) = rest.strip_prefix("models/").filter(|model| !model.is_empty()) {
        return Some((&[Op::Api(Api::ReadModel)], model, ""));
    }
    let mut parts = rest.split('/');
    let found = match (parts.next()?, parts.next(), parts.next(), parts.next()) {
        ("responses", None, None, None) => (RESPONSES, "", ""),
        ("responses", Some(id), None, None) => (RESPONSE, id, ""),
        ("responses", Some(id), Some("cancel"), None) => (CANCEL, id, ""),
        ("responses", Some(id), Some("input_items"), None) => (INPUT, id, ""),
        ("conversations", None, None, None) => (CONVERSATIONS, "", ""),
        ("conversations", Some(id), None, None) => (CONVERSATION, id, ""),
        ("conversations", Some(id), Some("items"), None) => (ITEMS, id, ""),
        ("conversations", Some(id), Some("items"), Some(item)) => (ITEM, id, item),
        ("chat", Some("completions"), None, None) => (CHAT, "", ""),
        ("models", None, None, None) => (MODELS, "", ""),
        _ => return None,
    };
    parts.next().is_none().then_some(found)
}

fn open(path: &str) -> Option<&'static [Op]> {
    match path {
        "/" => Some(&[Op::Home]),
        "/healthz" => Some(&[Op::Health]),
        "/readyz" => Some(&[Op::Ready]),
        "/metrics" => Some(&[Op::Metrics]),
        _ => None,
    }
}

const RESPONSES: &[Op] = &[Op::Api(Api::CreateResponse)];
const RESPONSE: &[Op] = &[Op::Api(Api::ReadResponse), Op::Api(Api::DeleteResponse)];
const CANCEL: &[Op] = &[Op::Api(Api::CancelResponse)];
const INPUT: &[Op] = &[Op::Api(Api::ListInput)];
const CONVERSATIONS: &[Op] = &[Op::Api(Api::CreateConversation)];
const CONVERSATION: &[Op] =
    &[Op::Api(Api::ReadConversation), Op::Api(Api::UpdateConversation), Op::Api(Api::DeleteConversation)];
const ITEMS: &[Op] = &[Op::Api(Api::ListItems), Op::Api(Api::AddItems)];
const ITEM: &[Op] = &[Op::Api(Api::ReadItem), Op::Api(Api::DeleteItem)];
const CHAT: &[Op] = &[Op::Api(Api::CreateChat)];
const MODELS: &[Op] = &[Op::Api(Api::ListModels)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_under_its_own_shape_and_stands_at_its_index() {
        for (index, op) in ALL.into_iter().enumerate() {
            let (method, path) = op.shape();
            let route = find(&method.parse().unwrap(), path).unwrap();
            assert_eq!(route.op, op);
            assert_eq!(op.index(), index);
        }
    }

    #[test]
    fn names_in_a_path_are_kept_and_a_model_may_hold_slashes() {
        let item = find(&Method::DELETE, "/v1/conversations/conv_1/items/msg_2").unwrap();
        assert_eq!((item.op, item.first, item.second), (Op::Api(Api::DeleteItem), "conv_1", "msg_2"));
        let model = find(&Method::GET, "/v1/models/agent/refunds").unwrap();
        assert_eq!((model.op, model.first), (Op::Api(Api::ReadModel), "agent/refunds"));
    }

    #[test]
    fn a_path_with_more_or_less_than_a_route_has_leads_nowhere() {
        for path in
            ["", "/v1", "/v1/", "/v1/models/", "/v1/responses/a/b", "/v1/chat", "/v1/responses/a/cancel/b"]
        {
            assert_eq!(find(&Method::GET, path), Err(Miss::Path), "{path}");
        }
    }

    #[test]
    fn a_wrong_method_is_told_which_are_right() {
        let Err(Miss::Method(ops)) = find(&Method::PUT, "/v1/conversations/conv_1") else { panic!() };
        assert_eq!(allowed(ops), "GET, POST, DELETE");
    }

    #[test]
    fn only_what_needs_no_key_answers_to_head() {
        assert!(find(&Method::HEAD, "/healthz").is_ok());
        assert!(find(&Method::HEAD, "/v1/models").is_err());
    }
}
