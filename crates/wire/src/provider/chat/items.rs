//! Chat Completions names no items: text, thinking and calls arrive as loose fields. This puts them in order, one
//! open item at a time.
//!
//! Parallel calls usually arrive one after the other, but a server may mix their pieces. While a call's arguments
//! are not a whole JSON value yet, whatever else arrives is held back, so that no piece is lost or lands elsewhere.

use abide_model::call::{Delta, ItemStart};
use abide_model::fault::{Fault, FaultKind};

/// One piece of text of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Refusal,
    Thinking,
}

/// One piece of a call, as it stands on the wire.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// The vendor's number of the call, where it gives one.
    pub(super) index: Option<u32>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) arguments: String,
}

#[derive(Debug)]
struct Call {
    index: Option<u32>,
    id: String,
    name: String,
    /// Arguments that arrived before the item could be opened.
    waiting: String,
    balance: Balance,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Held,
    Open,
    Closed,
}

#[derive(Debug)]
enum Held {
    Words(Kind, String),
    Call(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Message,
    Thinking,
    Call(usize),
}

/// The items of one answer.
#[derive(Debug, Default)]
pub(super) struct Items {
    started: u32,
    open: Option<Open>,
    calls: Vec<Call>,
    held: Vec<Held>,
}

impl Items {
    /// Whether a call was among them.
    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Takes in a piece of text, refusal or thinking.
    pub(super) fn words(&mut self, kind: Kind, text: String, out: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        if self.busy() {
            self.held.push(Held::Words(kind, text));
        } else {
            self.say(kind, text, out);
        }
    }

    /// Takes in a piece of a call.
    pub(super) fn call(&mut self, piece: Piece, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let at = self.place(&piece);
        let Some(call) = self.calls.get_mut(at) else { return Ok(()) };
        if let Some(id) = piece.id.filter(|id| !id.is_empty()) {
            call.id = id;
        }
        if let Some(name) = piece.name.filter(|_| call.name.is_empty()) {
            call.name = name;
        }
        match call.state {
            State::Held => {
                call.waiting.push_str(&piece.arguments);
                if self.busy() {
                    return Ok(());
                }
                self.release(false, out)
            }
            State::Open => {
                self.arguments(at, piece.arguments, out);
                self.release(false, out)
            }
            State::Closed if piece.arguments.trim().is_empty() => Ok(()),
            State::Closed => {
                let message = "arguments arrived for a tool call that was already whole";
                Err(Fault::new(FaultKind::Protocol, message))
            }
        }
    }

    /// Nothing more comes: gives out what was held back and closes what is open.
    pub(super) fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), Fault> {
        self.release(true, out)?;
        self.close(out);
        Ok(())
    }

    /// Where a piece belongs. Some servers number no calls, and some number all of them 0: a new id then says that
    /// a new call begins.
    fn place(&mut self, piece: &Piece) -> usize {
        let id = piece.id.as_deref().filter(|id| !id.is_empty());
        let fits = |call: &Call| {
            let same_index = piece.index.is_none() || call.index == piece.index;
            same_index && id.is_none_or(|id| call.id == id || call.id.is_empty())
        };
        let found = self.calls.iter().rposition(fits);
        found.unwrap_or_else(|| {
            self.calls.push(Call {
                index: piece.index,
                id: String::new(),
                name: String::new(),
                waiting: String::new(),
                balance: Balance::default(),
                state: State::Held,
            });
            self.held.push(Held::Call(self.calls.len() - 1));
            self.calls.len() - 1
        })
    }

    /// Whether the open item is a call that is not whole yet.
    fn busy(&self) -> bool {
        match self.open {
            Some(Open::Call(at)) => self.calls.get(at).is_some_and(|call| !call.balance.whole()),
            Some(Open::Message | Open::Thinking) | None => false,
        }
    }

    /// Gives out what was held back, as far as it goes; with `all`, to the end.
    fn release(&mut self, all: bool, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let mut held = std::mem::take(&mut self.held).into_iter();
        while all || !self.busy() {
            match held.next() {
                None => return Ok(()),
                Some(Held::Words(kind, text)) => self.say(kind, text, out),
                Some(Held::Call(at)) => {
                    if !all
                        && self.calls.get(at).is_some_and(|call| call.id.is_empty() || call.name.is_empty())
                    {
                        self.held.push(Held::Call(at));
                        break;
                    }
                    self.start_call(at, out)?;
                }
            }
        }
        self.held.extend(held);
        Ok(())
    }

    fn start_call(&mut self, at: usize, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let Some(call) = self.calls.get_mut(at) else { return Ok(()) };
        if call.id.is_empty() || call.name.is_empty() {
            return Err(Fault::new(FaultKind::Protocol, "a tool call has no id or no name"));
        }
        call.state = State::Open;
        let start = ItemStart::ToolCall { call_id: call.id.clone(), name: call.name.clone() };
        let waiting = std::mem::take(&mut call.waiting);
        self.start(Open::Call(at), start, out);
        self.arguments(at, waiting, out);
        Ok(())
    }

    fn arguments(&mut self, at: usize, json: String, out: &mut Vec<Delta>) {
        if json.is_empty() {
            return;
        }
        if let Some(call) = self.calls.get_mut(at) {
            call.balance.read(&json);
        }
        out.push(Delta::Arguments { index: self.current(), json });
    }

    fn say(&mut self, kind: Kind, text: String, out: &mut Vec<Delta>) {
        let (open, start) = match kind {
            Kind::Text | Kind::Refusal => (Open::Message, ItemStart::Message),
            Kind::Thinking => (Open::Thinking, ItemStart::Reasoning),
        };
        if self.open != Some(open) {
            self.start(open, start, out);
        }
        let index = self.current();
        out.push(match kind {
            Kind::Text => Delta::Text { index, text },
            Kind::Refusal => Delta::Refusal { index, text },
            Kind::Thinking => Delta::Reasoning { index, text },
        });
    }

    fn start(&mut self, open: Open, start: ItemStart, out: &mut Vec<Delta>) {
        self.close(out);
        self.open = Some(open);
        self.started += 1;
        out.push(Delta::ItemStarted { index: self.current(), start });
    }

    fn close(&mut self, out: &mut Vec<Delta>) {
        let Some(open) = self.open.take() else { return };
        let index = self.current();
        if let Open::Call(at) = open
            && let Some(call) = self.calls.get_mut(at)
        {
            call.state = State::Closed;
            if call.balance == Balance::default() {
                out.push(Delta::Arguments { index, json: "{}".to_owned() });
            }
        }
        out.push(Delta::ItemDone { index });
    }

    fn current(&self) -> u32 {
        self.started.saturating_sub(1)
    }
}

/// Follows JSON text as far as is needed to see where an object or array ends.
#[derive(Debug, Default, PartialEq, Eq)]
struct Balance {
    depth: u32,
    in_string: bool,
    escaped: bool,
    seen: bool,
}

impl Balance {
    fn whole(&self) -> bool {
        self.seen && self.depth == 0 && !self.in_string
    }

    fn read(&mut self, json: &str) {
        for byte in json.bytes() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b'"' => self.in_string = true,
                b' ' | b'\t' | b'\r' | b'\n' => continue,
                _ => {}
            }
            self.seen = true;
        }
    }
}
