-- How many touches before a conversion were left out?
-- chart: bar x=conversion_kind y=touches_cut
select
    conversion_kind,
    touches_cut
from meta_attribution_caps
order by conversion_kind;
