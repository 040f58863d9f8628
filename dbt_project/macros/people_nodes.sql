{#-
    Number of an identity node, 63 bits of the MD5 of type, namespace and value, so that joins carry 8
    bytes instead of three texts. Null when there is no value. `int_identity_nodes` is tested for two
    identifiers under one number.
-#}
{% macro people_node_id(identifier_type, namespace, value) -%}
    {{ adapter.dispatch('people_node_id')(identifier_type, namespace, value) }}
{%- endmacro %}

{% macro default__people_node_id(identifier_type, namespace, value) -%}
    cast(md5_number_lower('{{ identifier_type }}' || chr(31) || {{ namespace }} || chr(31) || {{ value }}) >> 1 as bigint)
{%- endmacro %}

{% macro spark__people_node_id(identifier_type, namespace, value) -%}
    shiftrightunsigned(cast(conv(right(md5(concat('{{ identifier_type }}', chr(31), {{ namespace }}, chr(31), {{ value }})), 16), 16, -10) as bigint), 1)
{%- endmacro %}


{#- Node of an identifier's later holder: `turn_no` counts how often it was handed over. -#}
{% macro people_heir_node_id(node_id, turn_no) -%}
    {{ adapter.dispatch('people_heir_node_id')(node_id, turn_no) }}
{%- endmacro %}

{% macro default__people_heir_node_id(node_id, turn_no) -%}
    cast(md5_number_lower('heir' || chr(31) || {{ node_id }} || chr(31) || {{ turn_no }}) >> 1 as bigint)
{%- endmacro %}

{% macro spark__people_heir_node_id(node_id, turn_no) -%}
    shiftrightunsigned(cast(conv(right(md5(concat('heir', chr(31), {{ node_id }}, chr(31), {{ turn_no }})), 16), 16, -10) as bigint), 1)
{%- endmacro %}


{#- Name of the person whose oldest identifier is the node: readable, and says nothing of anybody. -#}
{% macro people_person_id(node_id) -%}
    {{ adapter.dispatch('people_person_id')(node_id) }}
{%- endmacro %}

{% macro default__people_person_id(node_id) -%}
    'p' || lpad(to_hex({{ node_id }}), 16, '0')
{%- endmacro %}

{% macro spark__people_person_id(node_id) -%}
    concat('p', lpad(lower(hex({{ node_id }})), 16, '0'))
{%- endmacro %}


{#- A whole number in hexadecimal. -#}
{% macro people_hex(number) -%}
    {{ adapter.dispatch('people_hex')(number) }}
{%- endmacro %}

{% macro default__people_hex(number) -%}
    to_hex({{ number }})
{%- endmacro %}

{% macro spark__people_hex(number) -%}
    hex({{ number }})
{%- endmacro %}


{#- SHA-256 of a text in lower-case hexadecimal. -#}
{% macro people_sha256(text) -%}
    {{ adapter.dispatch('people_sha256')(text) }}
{%- endmacro %}

{% macro default__people_sha256(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro spark__people_sha256(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}


{#-
    Whether a text matches a regular expression given as an expression. DuckDB compiles a pattern that
    comes from a column anew for every row: 1.9 M values took 16 s of CPU, with the usual patterns
    (variable `literal_patterns`) as literals 0.2. Any other pattern is right too, and slow.
-#}
{% macro people_matches(text, pattern) -%}
    {{ adapter.dispatch('people_matches')(text, pattern) }}
{%- endmacro %}

{% macro default__people_matches(text, pattern) -%}
    {%- if pattern.startswith("'") -%}
        regexp_matches({{ text }}, {{ pattern }})
    {%- else -%}
        case {{ pattern }}
            {%- for literal in var('literal_patterns') %}
            when '{{ literal }}' then regexp_matches({{ text }}, '{{ literal }}')
            {%- endfor %}
            else regexp_matches({{ text }}, {{ pattern }})
        end
    {%- endif -%}
{%- endmacro %}

{% macro spark__people_matches(text, pattern) -%}
    {{ text }} rlike {{ pattern }}
{%- endmacro %}


{#- Fast 64-bit hash for use inside one statement; never stored. -#}
{% macro people_quick_hash(columns) -%}
    {{ adapter.dispatch('people_quick_hash')(columns) }}
{%- endmacro %}

{% macro default__people_quick_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__people_quick_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}


{#- Whole days from one date to another. -#}
{% macro people_days_between(start_date, end_date) -%}
    {{ adapter.dispatch('people_days_between')(start_date, end_date) }}
{%- endmacro %}

{% macro default__people_days_between(start_date, end_date) -%}
    ({{ end_date }} - {{ start_date }})
{%- endmacro %}

{% macro spark__people_days_between(start_date, end_date) -%}
    datediff({{ end_date }}, {{ start_date }})
{%- endmacro %}


{#- Seconds since 1970 of a naive UTC timestamp, with fractions. -#}
{% macro people_epoch(instant) -%}
    {{ adapter.dispatch('people_epoch')(instant) }}
{%- endmacro %}

{% macro default__people_epoch(instant) -%}
    epoch({{ instant }})
{%- endmacro %}

{% macro spark__people_epoch(instant) -%}
    (unix_micros({{ instant }}) / 1000000.0)
{%- endmacro %}


{#- Host of a URL in lower case, without `www.`; null when there is none. -#}
{% macro people_host(url) -%}
    {{ adapter.dispatch('people_host')(url) }}
{%- endmacro %}

{% macro default__people_host(url) -%}
    nullif(regexp_extract(lower({{ url }}), '^(?:[a-z][a-z0-9+.-]*:)?//(?:www\.)?([^/:?#]+)', 1), '')
{%- endmacro %}

{% macro spark__people_host(url) -%}
    nullif(regexp_extract(lower({{ url }}), '^(?:[a-z][a-z0-9+.-]*:)?//(?:www\\.)?([^/:?#]+)', 1), '')
{%- endmacro %}


{#- Whether a value meets a rule's condition: empty is not tested, `*` is any value. -#}
{% macro people_rule_matches(value, condition) -%}
    {{ condition }} is null or {{ condition }} = {{ value }} or ({{ condition }} = '*' and {{ value }} is not null)
{%- endmacro %}


{#- The latest statement that is not null; of two at one instant the refusal counts. -#}
{% macro people_latest(statement, stated_at) -%}
    {{ adapter.dispatch('people_latest')(statement, stated_at) }}
{%- endmacro %}

{% macro default__people_latest(statement, stated_at) -%}
    arg_max({{ statement }}, row({{ stated_at }}, not {{ statement }}))
        filter (where {{ statement }} is not null)
{%- endmacro %}

{% macro spark__people_latest(statement, stated_at) -%}
    max_by({{ statement }}, struct({{ stated_at }}, not {{ statement }}))
        filter (where {{ statement }} is not null)
{%- endmacro %}


{#-
    A user id as identity compares it: some apps take the e-mail address as the id, written as somebody
    typed it. Such a one is trimmed, lower-cased and hashed like any e-mail; all others keep their case.
-#}
{% macro people_user_id(text) -%}
    case
        when {{ text }} like '%@%' then {{ people_sha256('lower(trim(' ~ text ~ '))') }}
        else nullif(trim({{ text }}), '')
    end
{%- endmacro %}
