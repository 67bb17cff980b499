package extract_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"wheelhouse/extract"
)

func TestAPIErrorText(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"empty":       {401, "", "GET /ss/api/user_access: 401 Unauthorized, request id req-1: check the API key: it is sent as it is, not base64"},
		"html":        {403, "<h1>jane@prospect.example</h1>", "GET /ss/api/user_access: 403 Forbidden, request id req-1: the API key may not read this: check its rights and the account's plan"},
		"a reason":    {400, `{"error":"window too long"}`, "GET /ss/api/user_access: 400 Bad Request (window too long), request id req-1"},
		"the key":     {400, `{"message":"key ` + key + ` is stale"}`, "GET /ss/api/user_access: 400 Bad Request (key … is stale), request id req-1"},
		"escaped key": {400, `{"message":"key ` + strings.ReplaceAll(key, "c", `\u0063`) + `"}`, "GET /ss/api/user_access: 400 Bad Request (key …), request id req-1"},
		"people":      {400, `{"reason":"jane@prospect.example, +354 5812345 or 581-2345-1"}`, "GET /ss/api/user_access: 400 Bad Request (… or …), request id req-1"},
		"controls":    {400, "{\"detail\":\"a\\u001b[31m\\nb\\u0000\xff\"}", "GET /ss/api/user_access: 400 Bad Request (…), request id req-1"},
		"cut off":     {400, `{"error":"no","data":{"name":"jane@prosp`, "GET /ss/api/user_access: 400 Bad Request (no), request id req-1"},
		"an object":   {400, `{"error":{"email":"jane@prospect.example"}}`, "GET /ss/api/user_access: 400 Bad Request, request id req-1"},
		"long":        {400, `{"error":"` + strings.Repeat("no ", 100) + `"}`, "GET /ss/api/user_access: 400 Bad Request (" + strings.Repeat("no ", 40) + "…), request id req-1"},
		"a name":      {422, `{"error":"Prospect Jane Doe has no phone: 12 of 30 fields, O'Brien"}`, "GET /ss/api/user_access: 422 Unprocessable Entity (Prospect … has no phone: 12 of 30 fields, …), request id req-1"},
		"not found":   {404, "{}", "GET /ss/api/user_access: 404 Not Found, request id req-1: check the server's address"},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			_, _, err := users(t, client(t, server.URL))
			var api *extract.APIError
			if !errors.As(err, &api) || err.Error() != c.want {
				t.Errorf("\n got %v\nwant %s", err, c.want)
			}
			mustBeSilent(t, err)
		})
	}
}

// TestRequestIDs: a request id that cannot be stored or shown is dropped.
func TestRequestIDs(t *testing.T) {
	for id, want := range map[string]string{"F0-a_b": "F0-a_b", "a\xffb": "", "a b": "", strings.Repeat("x", 201): "", "é": ""} {
		server := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", id)
			w.WriteHeader(418)
		})
		_, rep, err := users(t, client(t, server.URL))
		var api *extract.APIError
		if !errors.As(err, &api) || api.RequestID != want || strings.Join(rep.RequestIDs, ",") != want {
			t.Errorf("%q: %+v %v", id, rep, err)
		}
	}
}

// TestErrorsHoldNoData sends broken answers full of personal data and the key, and looks for both in the errors.
func TestErrorsHoldNoData(t *testing.T) {
	person := `{"id":1,"email":"jane@prospect.example","phone":"+354 5812345","key":"` + key + `"`
	for _, body := range []string{
		person, "[" + person, "[" + person + "}", "[" + person + "}]x", "[" + person + "}]" + key, `["jane@prospect.example" 5]`,
		`{"jane@prospect.example":1`, `"jane@prospect.example"`, key, "<p>jane@prospect.example</p>", "[" + person + `,"jane@prospect.example}]`,
		"[{\"jane@prospect.example\x01\":1}]", `[{"a":jane@prospect.example}]`, `[{"+354 5812345":1,}]`, `[{"` + key + `":tru}]`,
		`[{"jane@prospect.example":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}]`,
		`[{"jane@prospect.example":` + strings.Repeat("[", 11000) + strings.Repeat("]", 11000) + `}]`,
	} {
		server := serve(t, always([]byte(body)))
		_, _, err := users(t, client(t, server.URL, attempts(1)))
		if err == nil {
			t.Errorf("%.80s: no error", body)
		}
		mustBeSilent(t, err)
	}
}
