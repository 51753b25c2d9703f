-- Which headers of an access's calls the agent's engine is told: a JSON list, because nothing ever asks for one of them.
alter table accesses add column passed_headers text not null default '[]';
