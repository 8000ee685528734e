//! An engine on two fake clouds and a folder of its own.

use abide_engine::{
    Door, Engine, Handle, Limits, Model, Options, Principal, Running, Setup, Transcript, Update,
};
use abide_model::id::{RunId, SessionId};
use abide_model::item::{Item, Part, Role};
use abide_model::prompt::Params;
use abide_model::run::RunView;
use abide_model::secret::Secret;
use abide_model::target::{Capabilities, Dialect, Target};
use abide_model::want::Wanted;
use abide_model::{Hash, Time};
use abide_upstream::{Auth, Base, Endpoint, Waits};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) struct House {
    pub(crate) azure: abide_sim::Cloud,
    pub(crate) aws: abide_sim::Cloud,
    pub(crate) who: Arc<Principal>,
    folder: TempDir,
    limits: Limits,
    engine: Option<Engine>,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let azure = abide_sim::start(abide_sim::Config::new(abide_sim::Dialect::Azure)).await.unwrap();
        let aws = abide_sim::start(abide_sim::Config::new(abide_sim::Dialect::Bedrock)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let who = Arc::new(principal("acme"));
        let mut house = Self { azure, aws, who, folder, limits, engine: None };
        house.open().await;
        house
    }

    async fn open(&mut self) {
        let setup = Setup { limits: self.limits.clone(), ..setup(&self.azure, &self.aws) };
        let options = Options { folder: self.folder.path().to_owned(), setup };
        self.engine = Some(Engine::open(options).await.unwrap());
    }

    pub(crate) async fn restart(&mut self) {
        self.engine.take().unwrap().close(Duration::from_millis(50)).await;
        self.open().await;
    }

    /// Takes up a configuration without any model.
    pub(crate) fn withdraw_models(&self) {
        let setup = Setup { models: [].into(), ..setup(&self.azure, &self.aws) };
        self.engine.as_ref().unwrap().reload(setup);
    }

    pub(crate) async fn end(mut self) -> TempDir {
        self.engine.take().unwrap().close(Duration::from_secs(5)).await;
        self.folder
    }

    pub(crate) fn handle(&self) -> Handle {
        self.engine.as_ref().unwrap().handle()
    }

    pub(crate) fn wanted(&self, text: &str, keep: bool, stream: bool) -> Wanted {
        Wanted {
            model: "demo".parse().unwrap(),
            params: Params::default(),
            items: vec![Item::text(Role::User, text)],
            conversation: None,
            previous: None,
            keep,
            stream,
            background: false,
            metadata: None,
        }
    }

    pub(crate) async fn say(&self, previous: Option<RunId>, text: &str) -> Arc<RunView> {
        self.turn(previous, text, false).await
    }

    pub(crate) async fn stream(&self, previous: Option<RunId>, text: &str) -> Arc<RunView> {
        self.turn(previous, text, true).await
    }

    async fn turn(&self, previous: Option<RunId>, text: &str, stream: bool) -> Arc<RunView> {
        let wanted = Wanted { previous, ..self.wanted(text, true, stream) };
        end_of(self.handle().respond(&self.who, wanted, Door::Responses).await.unwrap()).await
    }

    pub(crate) async fn transcript(&self, id: SessionId) -> Transcript {
        self.handle().transcript(&self.who, id).await.unwrap()
    }

    pub(crate) async fn wait_for(&self, id: RunId) -> RunView {
        for _ in 0..500 {
            let view = self.handle().response(&self.who, id).await.unwrap();
            if view.status.ended() {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the run never ended");
    }
}

pub(crate) fn principal(customer: &str) -> Principal {
    Principal {
        key_id: "key_1".to_owned(),
        key_name: "test".to_owned(),
        customer: customer.parse().unwrap(),
        segment: None,
        territory: None,
        expires: None,
    }
}

pub(crate) async fn end_of(mut running: Running) -> Arc<RunView> {
    while let Some(update) = running.updates.recv().await {
        match update {
            Update::Ended(view) => return view,
            Update::Lost(refused) => panic!("{refused}"),
            Update::Calling(_) | Update::Events(_) => {}
        }
    }
    panic!("the run was let go of")
}

/// Whether `word` stands anywhere in the files of a store.
pub(crate) fn holds(folder: &TempDir, word: &[u8]) -> bool {
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let bytes: Vec<u8> =
        files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect();
    bytes.windows(word.len()).any(|window| window == word)
}

pub(crate) fn text_of(view: &RunView) -> String {
    let messages = view.output.iter().filter_map(|placed| match &*placed.item {
        Item::Message(message) => Some(message),
        Item::ToolCall(_) | Item::ToolResult(_) | Item::Reasoning(_) => None,
    });
    messages.flat_map(|message| &message.parts).filter_map(Part::text).collect()
}

fn setup(azure: &abide_sim::Cloud, aws: &abide_sim::Cloud) -> Setup {
    let sigv4 = Auth::SigV4 {
        access_key: abide_sim::AWS_ACCESS_KEY_ID.to_owned(),
        secret: Secret::new(abide_sim::AWS_SECRET_ACCESS_KEY),
        session_token: None,
        region: abide_sim::AWS_REGION.to_owned(),
    };
    let key = Auth::ApiKey(Secret::new(abide_sim::AZURE_KEY));
    let clouds = [
        endpoint("azure", &azure.base_url(), Dialect::Azure, key),
        endpoint("aws", &aws.base_url(), Dialect::Bedrock, sigv4),
    ];
    let targets = vec![target("azure", Dialect::Azure), target("aws", Dialect::Bedrock)];
    Setup {
        clouds: clouds.into_iter().map(|one| (one.name.clone(), Arc::new(one))).collect(),
        models: [("demo".parse().unwrap(), Model { targets, created: Time::UNIX_EPOCH })].into(),
        agents: Default::default(),
        book: None,
        waits: Waits::default(),
        limits: Limits::default(),
        sync: Default::default(),
        version: Hash::of(b"test"),
    }
}

fn endpoint(name: &str, url: &str, dialect: Dialect, auth: Auth) -> Endpoint {
    Endpoint { name: name.parse().unwrap(), base: Base::parse(url, dialect).unwrap(), dialect, auth }
}

fn target(cloud: &str, dialect: Dialect) -> Arc<Target> {
    Arc::new(Target {
        cloud: cloud.parse().unwrap(),
        model: Arc::from("gpt-demo"),
        dialect,
        channel: cloud.parse().unwrap(),
        product: "openai/api/responses".parse().unwrap(),
        can: Capabilities { tools: true, json_schema: true, images: true },
    })
}
