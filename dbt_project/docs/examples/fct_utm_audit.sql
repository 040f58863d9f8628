-- Which spend of the last four weeks cannot be judged, and why?
-- chart: bar x=campaign y=spend_at_risk by=issue_kind
select
    coalesce(campaign_name, campaign_id) as campaign,
    issue_kind,
    spend_at_risk
from fct_utm_audit
where spend_at_risk > 0 and campaign_id <> '(all)'
order by spend_at_risk desc, campaign;
