"""Where the bodies of model APIs put their counts, for bodies whose provider is not named or not known.

Names are paths into the response. Sources: the providers' API references; the price book's extractors say the same
for the providers it knows.
"""

from ingest.usage.counts import Spelling

BODY_SPELLINGS = (
    Spelling(
        "anthropic",
        input=("usage.input_tokens",),
        output=("usage.output_tokens",),
        cache_read=("usage.cache_read_input_tokens",),
        cache_write=("usage.cache_creation_input_tokens",),
        reasoning=("usage.output_tokens_details.thinking_tokens",),
        units={
            "cache_write_1h_tokens": ("usage.cache_creation.ephemeral_1h_input_tokens",),
            "web_searches": ("usage.server_tool_use.web_search_requests",),
        },
        marks=("usage.cache_read_input_tokens", "usage.cache_creation_input_tokens"),
        cache_on_top=True,
    ),
    Spelling(
        "openai responses",
        input=("usage.input_tokens",),
        output=("usage.output_tokens",),
        cache_read=("usage.input_tokens_details.cached_tokens",),
        cache_write=("usage.input_tokens_details.cache_write_tokens",),
        reasoning=("usage.output_tokens_details.reasoning_tokens",),
    ),
    Spelling(
        "openai chat, mistral, groq, deepseek, together, openrouter",
        input=("usage.prompt_tokens",),
        output=("usage.completion_tokens",),
        cache_read=(
            "usage.prompt_tokens_details.cached_tokens",
            "usage.num_cached_tokens",
            "usage.cached_tokens",
            "usage.prompt_cache_hit_tokens",
        ),
        cache_write=("usage.prompt_tokens_details.cache_write_tokens",),
        reasoning=("usage.completion_tokens_details.reasoning_tokens",),
        units={
            "input_audio_tokens": ("usage.prompt_tokens_details.audio_tokens",),
            "output_audio_tokens": ("usage.completion_tokens_details.audio_tokens",),
        },
    ),
    Spelling(
        "bedrock converse",
        input=("usage.inputTokens",),
        output=("usage.outputTokens",),
        cache_read=("usage.cacheReadInputTokens", "usage.cacheReadInputTokenCount"),
        cache_write=("usage.cacheWriteInputTokens", "usage.cacheWriteInputTokenCount"),
        cache_on_top=True,
    ),
    Spelling(
        "gemini",
        input=("usageMetadata.promptTokenCount",),
        output=("usageMetadata.candidatesTokenCount",),
        cache_read=("usageMetadata.cachedContentTokenCount",),
        reasoning=("usageMetadata.thoughtsTokenCount",),
        input_besides=("usageMetadata.toolUsePromptTokenCount",),
        reasoning_on_top=True,
    ),
    Spelling(
        "cohere",
        # What was processed, not what was billed: a cached token is a token.
        input=("usage.tokens.input_tokens", "usage.billed_units.input_tokens"),
        output=("usage.tokens.output_tokens", "usage.billed_units.output_tokens"),
        cache_read=("usage.cached_tokens",),
    ),
    Spelling("ollama", input=("prompt_eval_count",), output=("eval_count",)),
)
