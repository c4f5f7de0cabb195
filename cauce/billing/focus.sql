-- A month's cost in the columns of FOCUS 1.2 (FinOps Open Cost and Usage Specification): one charge per person, day, agent and
-- model. A person's day is written as that calendar day in UTC, so that days and months add up to ours.
WITH names (provider, name) AS (
  VALUES ('openai', 'OpenAI'), ('anthropic', 'Anthropic'), ('google', 'Google'), ('aws', 'AWS'), ('mistral', 'Mistral AI'),
    ('groq', 'Groq'), ('cohere', 'Cohere'), ('deepseek', 'DeepSeek'), ('x-ai', 'xAI'), ('azure', 'Microsoft'),
    ('openrouter', 'OpenRouter'), ('together', 'Together AI'), ('fireworks', 'Fireworks AI'), ('perplexity', 'Perplexity')
),

charges AS (
  SELECT
    billed.*,
    coalesce(names.name, billed.provider) AS provider_name,
    CASE WHEN billed.is_adjustment AND billed.month > billed.usage_date THEN 'Correction' END AS charge_class
  FROM marts.billable_daily AS billed
  LEFT JOIN names ON names.provider = billed.provider
  WHERE billed.month = %(month)s AND billed.total_cost IS NOT NULL
)

SELECT
  total_cost AS "BilledCost",
  provider AS "BillingAccountId",
  provider_name AS "BillingAccountName",
  'USD' AS "BillingCurrency",
  to_char(month + interval '1 month', 'YYYY-MM-DD"T00:00:00Z"') AS "BillingPeriodEnd",
  to_char(month, 'YYYY-MM-DD"T00:00:00Z"') AS "BillingPeriodStart",
  'Usage' AS "ChargeCategory",
  charge_class AS "ChargeClass",
  CASE WHEN charge_class IS NULL THEN 'Calls of ' ELSE 'What changed later of calls of ' END || model AS "ChargeDescription",
  'Usage-Based' AS "ChargeFrequency",
  to_char(usage_date + 1, 'YYYY-MM-DD"T00:00:00Z"') AS "ChargePeriodEnd",
  to_char(usage_date, 'YYYY-MM-DD"T00:00:00Z"') AS "ChargePeriodStart",
  total_tokens AS "ConsumedQuantity",
  'Tokens' AS "ConsumedUnit",
  total_cost AS "ContractedCost",
  total_cost AS "EffectiveCost",
  provider_name AS "InvoiceIssuerName",
  total_cost AS "ListCost",
  'Standard' AS "PricingCategory",
  total_tokens AS "PricingQuantity",
  'Tokens' AS "PricingUnit",
  provider_name AS "ProviderName",
  provider_name AS "PublisherName",
  agent_id AS "ResourceId",
  'Agent' AS "ResourceType",
  'AI and Machine Learning' AS "ServiceCategory",
  provider_name || ' API' AS "ServiceName",
  'Generative AI' AS "ServiceSubcategory",
  provider || '/' || model AS "SkuId",
  user_id AS "SubAccountId",
  'Person' AS "SubAccountType",
  events AS "x_Calls",
  tokens_input AS "x_InputTokens",
  tokens_output AS "x_OutputTokens",
  unknown_cost_events AS "x_CallsOfUnknownCost",
  is_published AS "x_MonthIsClosed"
FROM charges
ORDER BY usage_date, user_id, agent_id, provider, model
