-- Which codecs a trunk offers and takes, the best first, between commas. Null: all of ours in the usual order, and
-- of what the other side offers its own first. Text, because nothing ever asks for one of them.
alter table inbound_trunk add column codecs text;
alter table outbound_trunks add column codecs text;
