{{ config(materialized='incremental') }}

{#- A material may serve in several promotions. It has no name: its file's id stands for one. -#}
{{ ad_entity(
    source('raw', 'ocean_engine__ads'),
    {
        'promotion_id': 'VARCHAR',
        'project_id': 'VARCHAR',
        'material': {
            'material_id': 'VARCHAR',
            'video_id': 'VARCHAR',
            'image_id': 'VARCHAR',
            'material_status': 'VARCHAR',
        },
    },
    {
        'ad_id': 'r.material.material_id',
        'ad_group_id': 'r.promotion_id',
        'campaign_id': 'r.project_id',
        'ad_name': 'coalesce(r.material.video_id, r.material.image_id)',
        'ad_status': 'r.material.material_status',
    },
    key=['ad_id', 'ad_group_id'],
) }}
