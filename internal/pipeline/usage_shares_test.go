package pipeline

import "testing"

// Entries of one agent make one row with the unknown keys of all of them. Of two values of a key, the later entry's is kept.
func TestUnknownKeysOfAnAgentsEntriesAreMerged(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.say("usage_shares", `{"stats":{"total_shares":3,"total_plays":6,"by_user":[
		{"email":"A@x.com","name":"A","shares_count":1,"plays_count":2,"team":"north","mood":{"today":1}},
		{"email":"a@x.com","name":"A","shares_count":2,"plays_count":4,"mood":"good","desk":[7]},
		{"email":"a@X.com","name":"A","shares_count":0,"plays_count":0,"floor":3},
		{"email":"b@x.com","name":"B","shares_count":0,"plays_count":0,"floor":4}]}}`)
	b := newBench(t, api, mayDay, nil)
	r := b.day("2026-03-10")
	if n := b.mustRun(r, "usage_shares").Counts; n.Read != 2 || n.Inserted != 1 || n.Merged != 1 {
		t.Errorf("%+v", n)
	}
	b.want(`a@x.com|3|6|{"desk": [7], "mood": "good", "team": "north", "floor": 3}`,
		"SELECT agent_email, shares, plays, extra::text FROM crankwheel.share_usage_daily")
	r.Force = true
	if n := b.mustRun(r, "usage_shares").Counts; n.Unchanged != 1 || n.Merged != 1 {
		t.Errorf("the same answer again: %+v", n)
	}
}
