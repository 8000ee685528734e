//! AWS Bedrock's Converse and ConverseStream.
//!
//! Source: the service model `bedrock-runtime` of 2023-09-30 that the AWS SDKs are made from, and
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

mod content;
mod decode;
mod encode;

pub(super) use decode::Decoder;
pub(super) use encode::encode;

/// Appended to the vendor's name when the payload of a signature is a block that the vendor encrypted whole.
const REDACTED: &str = "/redacted";

/// Whose model it is, as model ids and ARNs of foundation models name it: `anthropic` in
/// `us.anthropic.claude-sonnet-4-5-20250929-v1:0`. Reasoning signatures are valid for that vendor's models wherever
/// they run. An id that names nobody, such as an application inference profile, is `bedrock`.
fn vendor(model: &str) -> &str {
    let name = model.rsplit('/').next().unwrap_or(model);
    let mut words = name.split('.').peekable();
    while let Some(word) = words.next() {
        let region = matches!(word, "us" | "eu" | "apac" | "global" | "us-gov" | "ca" | "jp" | "au" | "sa");
        if !region && words.peek().is_some() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return word;
        }
    }
    "bedrock"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendor_is_read_from_ids_profiles_and_arns() {
        for (model, expected) in [
            ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic"),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic"),
            ("openai.gpt-oss-120b-1:0", "openai"),
            ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "amazon"),
            (
                "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-v1:0",
                "anthropic",
            ),
            ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34", "bedrock"),
            ("frontier-1.5", "bedrock"),
        ] {
            assert_eq!(vendor(model), expected, "{model}");
        }
    }
}
