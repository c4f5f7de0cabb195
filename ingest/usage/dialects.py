"""The attribute names of each instrumentation that writes GenAI spans, as data.

Sources: OpenTelemetry semantic conventions for GenAI (current and deprecated names), OpenInference, OpenLIT,
Traceloop (OpenLLMetry), Vercel AI SDK, Pydantic AI, LiteLLM. A name that begins with `META` is a path into the provider
metadata that the Vercel AI SDK attaches as JSON.
"""

from ingest.usage.counts import Spelling

METADATA = "ai.response.providerMetadata"
META = "metadata:"
METADATA_PROVIDERS = {
    "bedrock": "aws",
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "google",
    "vertex": "google",
}
"""Whose call it was, by the key its metadata stands under."""
WHOLE_METADATA = ("google", "vertex")
"""Keys under which Gemini's usage stands as it was sent: the SDK leaves out modalities, in some versions thoughts."""
PROVIDER_NAMES = {
    "gcp.gen_ai": "google",
    "x_ai": "x-ai",
    "fireworks_ai": "fireworks",
    **dict.fromkeys(("az.ai.inference", "azure.ai.inference"), "azure"),
}
"""Names of the conventions that the price book does not know."""
PROVIDER_APIS = (".chat", ".completion", ".responses", ".messages", ".embedding", ".generative-ai")
"""What the Vercel AI SDK appends to a provider's name."""

_INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens")
_OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens")
_VERCEL_INPUT = ("ai.usage.inputTokens", "ai.usage.promptTokens")
_VERCEL_OUTPUT = ("ai.usage.outputTokens", "ai.usage.completionTokens")
_CACHE_READ = ("gen_ai.usage.cache_read.input_tokens",)
_CACHE_WRITE = ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens")
_TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens")
_REASONING = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.thoughts_tokens",
    "gen_ai.usage.details.reasoning_tokens",
    "gen_ai.usage.completion_tokens_details.reasoning",
    "ai.usage.reasoningTokens",
    "ai.usage.outputTokenDetails.reasoningTokens",
    f"{META}openai.reasoningTokens",
)
_AUDIO = {
    "input_audio_tokens": ("gen_ai.usage.details.input_audio_tokens",),
    "cache_audio_read_tokens": ("gen_ai.usage.details.cache_audio_read_tokens",),
    "output_audio_tokens": (
        "gen_ai.usage.details.output_audio_tokens",
        "gen_ai.usage.completion_tokens_details.audio",
    ),
}


SPELLINGS = (
    Spelling(
        "Vercel AI SDK with Anthropic's usage",
        input=(f"{META}anthropic.usage.input_tokens",),
        output=(f"{META}anthropic.usage.output_tokens", *_OUTPUT),
        cache_read=(f"{META}anthropic.usage.cache_read_input_tokens",),
        cache_write=(f"{META}anthropic.usage.cache_creation_input_tokens",),
        reasoning=_REASONING,
        units={
            "cache_write_5m_tokens": (f"{META}anthropic.usage.cache_creation.ephemeral_5m_input_tokens",),
            "cache_write_1h_tokens": (f"{META}anthropic.usage.cache_creation.ephemeral_1h_input_tokens",),
            "web_searches": (f"{META}anthropic.usage.server_tool_use.web_search_requests",),
        },
        marks=(f"{META}anthropic.usage.input_tokens",),
        cache_on_top=True,
    ),
    Spelling(
        # Version 4 of the SDK: the input is Anthropic's, which leaves the cache out.
        "Vercel AI SDK with what Anthropic says of its cache",
        input=(*_VERCEL_INPUT, *_INPUT),
        output=(*_VERCEL_OUTPUT, *_OUTPUT),
        cache_read=(f"{META}anthropic.cacheReadInputTokens", "ai.usage.cachedInputTokens"),
        cache_write=(f"{META}anthropic.cacheCreationInputTokens",),
        reasoning=_REASONING,
        marks=(f"{META}anthropic.cacheReadInputTokens", f"{META}anthropic.cacheCreationInputTokens"),
        cache_on_top=True,
    ),
    Spelling(
        "Vercel AI SDK with Bedrock's usage",
        input=(f"{META}bedrock.usage.inputTokens", *_INPUT, *_VERCEL_INPUT),
        output=(f"{META}bedrock.usage.outputTokens", *_OUTPUT, *_VERCEL_OUTPUT),
        cache_read=(f"{META}bedrock.usage.cacheReadInputTokens",),
        cache_write=(
            f"{META}bedrock.usage.cacheWriteInputTokens",
            f"{META}bedrock.usage.cacheCreationInputTokens",
        ),
        reasoning=_REASONING,
        total=(f"{META}bedrock.usage.totalTokens",),
        marks=(f"{META}bedrock.usage.cacheReadInputTokens", f"{META}bedrock.usage.cacheWriteInputTokens"),
        cache_on_top=True,
    ),
    Spelling(
        # OpenLIT writes Anthropic's input as it is, without the cache, beside names that mean it included.
        "OpenLIT's spans of Anthropic",
        input=_INPUT,
        output=_OUTPUT,
        cache_read=(
            *_CACHE_READ,
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.prompt_tokens_details.cache_read",
        ),
        cache_write=(
            *_CACHE_WRITE,
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.prompt_tokens_details.cache_write",
        ),
        reasoning=_REASONING,
        only={("telemetry.sdk.name",): "openlit", ("gen_ai.provider.name", "gen_ai.system"): "anthropic"},
        cache_on_top=True,
    ),
    Spelling(
        "OpenTelemetry, current",
        input=_INPUT,
        output=_OUTPUT,
        cache_read=_CACHE_READ,
        cache_write=_CACHE_WRITE,
        reasoning=_REASONING,
        units=_AUDIO,
        marks=(*_CACHE_READ, *_CACHE_WRITE),
    ),
    Spelling(
        # Anthropic's own field names: its input leaves the cache out. LiteLLM and Traceloop, which add it in, also
        # write the total that says so.
        "Anthropic's names (LiteLLM, Traceloop, by hand)",
        input=_INPUT,
        output=_OUTPUT,
        cache_read=("gen_ai.usage.cache_read_input_tokens",),
        cache_write=("gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_input_tokens"),
        reasoning=_REASONING,
        units=_AUDIO,
        total=_TOTAL,
        marks=(
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.cache_write_input_tokens",
        ),
        cache_on_top=True,
    ),
    Spelling(
        "OpenTelemetry, deprecated and without cache; Pydantic AI; OpenLIT; Vercel AI SDK",
        input=_INPUT,
        output=_OUTPUT,
        cache_read=(
            "gen_ai.usage.details.cache_read_tokens",
            "gen_ai.usage.details.cache_read_input_tokens",
            "gen_ai.usage.details.cached_tokens",
            "gen_ai.usage.prompt_tokens_details.cache_read",
            "gen_ai.usage.cached_tokens",
            "ai.usage.cachedInputTokens",
            "ai.usage.inputTokenDetails.cacheReadTokens",
            f"{META}openai.cachedPromptTokens",
        ),
        cache_write=(
            "gen_ai.usage.details.cache_write_tokens",
            "gen_ai.usage.details.cache_creation_input_tokens",
            "gen_ai.usage.prompt_tokens_details.cache_write",
            "ai.usage.inputTokenDetails.cacheWriteTokens",
        ),
        reasoning=_REASONING,
        units=_AUDIO,
    ),
    Spelling(
        "OpenInference",
        input=("llm.token_count.prompt",),
        output=("llm.token_count.completion",),
        cache_read=("llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input"),
        cache_write=("llm.token_count.prompt_details.cache_write",),
        reasoning=("llm.token_count.completion_details.reasoning", "llm.token_count.reasoning_tokens"),
        units={
            "input_audio_tokens": ("llm.token_count.prompt_details.audio",),
            "output_audio_tokens": ("llm.token_count.completion_details.audio",),
        },
    ),
    Spelling(
        "Vercel AI SDK",
        input=(*_VERCEL_INPUT, "ai.usage.tokens"),
        output=_VERCEL_OUTPUT,
        cache_read=(
            "ai.usage.cachedInputTokens",
            "ai.usage.inputTokenDetails.cacheReadTokens",
            f"{META}openai.cachedPromptTokens",
        ),
        cache_write=("ai.usage.inputTokenDetails.cacheWriteTokens",),
        reasoning=_REASONING,
    ),
)
"""In order: the first that finds a total speaks for the span."""

COUNTS = ("gen_ai.usage.", "llm.usage.", "llm.token_count.", "ai.usage.")
"""What the names of counts begin with."""

MODEL = (
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.response.model",
    "llm.request.model",
    "llm.model_name",
    "embedding.model_name",
    "ai.response.model",
    "ai.model.id",
)
TIER = ("openai.response.service_tier", "gen_ai.openai.response.service_tier")
PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider")
USER = (
    "user.email",
    "enduser.id",
    "user.id",
    "gen_ai.user",
    "gen_ai.user.id",
    "gen_ai.request.user",
    "langfuse.user.id",
    "ai.telemetry.metadata.userId",
    "traceloop.association.properties.user_id",
)
AGENT = ("gen_ai.agent.name", "agent.name", "agent_name", "service.name")
CONVERSATION = (
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "ai.telemetry.metadata.sessionId",
    "traceloop.association.properties.session_id",
    "gen_ai.thread.id",
)
PROMPT = ("gen_ai.prompt", "gen_ai.input.messages", "input.value", "ai.prompt.messages", "ai.prompt")
COMPLETION = ("gen_ai.completion", "gen_ai.output.messages", "output.value", "ai.response.text")
PROMPT_PARTS = (r"gen_ai\.prompt\.\d+\.content", r"llm\.input_messages\.\d+\.message\.content")
COMPLETION_PARTS = (r"gen_ai\.completion\.\d+\.content", r"llm\.output_messages\.\d+\.message\.content")
PROMPT_EVENTS = {"gen_ai.content.prompt": "gen_ai.prompt", "gen_ai.user.message": "content"}
COMPLETION_EVENTS = {"gen_ai.content.completion": "gen_ai.completion", "gen_ai.choice": "message"}

OPERATION = ("gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind", "ai.operationId")
KINDS = {
    **dict.fromkeys(("execute_tool", "tool", "ai.toolcall"), "tool span"),
    # These sum up the calls of models below them, which come as spans of their own.
    **dict.fromkeys(("invoke_agent", "create_agent", "invoke_workflow", "agent", "workflow", "task"), "agent span"),
    **dict.fromkeys(("chain", "guardrail", "evaluator", "prompt"), "chain span"),
    **dict.fromkeys(("retriever", "retrieval", "reranker"), "retrieval span"),
    **dict.fromkeys(
        ("ai.generatetext", "ai.streamtext", "ai.generateobject", "ai.streamobject", "ai.embed", "ai.embedmany"),
        "agent span",
    ),
}
"""What a span that names its operation (in lower case) is, when it is not a call of a model."""
AGENT_MARKS = ("pydantic_ai.all_messages", "all_messages_events", "gen_ai.aggregated_usage.input_tokens")
TOOL_MARKS = ("gen_ai.tool.name", "gen_ai.tool.call.id", "tool.name", "ai.toolCall.name")
