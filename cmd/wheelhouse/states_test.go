package main

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// states are an account's first and later answers. In each stream one thing is changed, one is deleted and one is new.
// An empty answer stands for a 404.
var states = map[string][2]string{
	"demo_usage": {
		`{"total_canceled_requests":0,"sessions":[{"id":1,"start_ts":"2025-01-01T09:00:00","prospect_info":{"prospect-a":"1","prospect-b":"2"}},{"id":2,"start_ts":"2025-01-01T10:00:00"}]}`,
		`{"total_canceled_requests":1,"sessions":[{"id":1,"start_ts":"2025-01-01T09:00:00","seconds_to_respond":7,"prospect_info":{"prospect-a":"3","prospect-c":"4"}},{"id":3,"start_ts":"2025-01-01T11:00:00"}]}`},
	"usage_shares": {
		`{"stats":{"by_user":[{"email":"a@x.com","shares_count":1,"plays_count":2},{"email":"b@x.com","shares_count":1,"plays_count":1}],"total_shares":2,"total_plays":3}}`,
		`{"stats":{"by_user":[{"email":"a@x.com","shares_count":1,"plays_count":3},{"email":"c@x.com","shares_count":2,"plays_count":2}],"total_shares":3,"total_plays":5}}`},
	"company_content/shares": {
		`{"data":[{"slug":"s","visits":2},{"slug":"t","visits":1},{"slug":"u","visits":1}],"pagination":{"total":3}}`,
		`{"data":[{"slug":"s","visits":3,"segment":"new"},{"slug":"t","visits":1},{"slug":"v","visits":1}],"pagination":{"total":3}}`},
	"company_content/shares/s": {
		`{"content_runtime_ms":5,"sessions":[{"visit_id":"1","visited_at":"2025-01-01T09:00:00Z"},{"visit_id":"2","visited_at":"2025-01-01T10:00:00Z"}]}`,
		`{"content_runtime_ms":6,"sessions":[{"visit_id":"1","visited_at":"2025-01-01T09:00:00Z","played":true},{"visit_id":"3","visited_at":"2025-01-01T11:00:00Z"}]}`},
	"company_content/shares/t": {`{"content_runtime_ms":5,"sessions":[{"visit_id":"4","visited_at":"2025-01-01T09:00:00Z"}]}`, ""},
	"company_content/shares/u": {`{"content_runtime_ms":5,"sessions":[{"visit_id":"5","visited_at":"2025-01-01T09:00:00Z"}]}`, ""},
	"company_content/shares/v": {"", `{"content_runtime_ms":5,"sessions":[{"visit_id":"6","visited_at":"2025-01-01T09:00:00Z"}]}`},
	"share_details": {
		`{"shares":[{"id":"s","created_at":"2025-01-01T09:00:00Z"},{"id":"t","created_at":"2025-01-01T10:00:00Z"}]}`,
		`{"shares":[{"id":"s","created_at":"2025-01-01T09:00:00Z","customer_account_id":"c"},{"id":"v","created_at":"2025-01-01T11:00:00Z"}]}`},
	"user_access": {`[{"email":"a@x.com","privilege":"user"},{"email":"b@x.com"}]`, `[{"email":"a@x.com","privilege":"admin"},{"email":"c@x.com"}]`},
	"company_content": {
		`[{"id":1,"name":"a","events":[{"name":"started","time":0},{"name":"ended","time":9}]},{"id":2,"name":"b"},{"id":4,"name":"d"}]`,
		`[{"id":1,"name":"a","events":[{"name":"started","time":1}]},{"id":3,"name":"c"}]`},
	"company_content soft_deleted": {`[]`, `[{"id":2,"name":"b"}]`},
}

// twoStates is the API of any account: all accounts have the same answers.
type twoStates struct{ later atomic.Bool }

func (s *twoStates) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/ss/api/")
	if r.URL.Query().Get("view") == "soft_deleted" {
		name += " soft_deleted"
	}
	body := states[name][0]
	if s.later.Load() {
		body = states[name][1]
	}
	if body == "" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(body))
}
