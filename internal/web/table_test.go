package web

import (
	"strings"
	"testing"
)

func TestTableBodyIsEscaped(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert('1')</script>&amp;`
	table := &table{Columns: []column{col("Name"), num("Count"), col("State")}}
	table.add(text(evil).to("/agent?email=%22"), count(1234), cell{Text: evil, Title: evil}.as(`state-x" onclick="y`))
	table.add(text("elsewhere").to("javascript:alert(1)"), count(1).to("//evil.example"), cell{})
	got := string(table.Body())
	for _, part := range []string{
		`<tr><th scope="row"><a href="/agent?email=%22">&#34;&gt;&lt;script&gt;`, `<td class="num">1` + "\u202f" + `234</td>`, `<td class="fixed" title="&#34;&gt;&lt;script`,
		`<span class="state state-x&#34; onclick=&#34;y">`, `<th scope="row" class="fixed">elsewhere</th><td class="num">1</td><td></td>`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in\n%s", part, got)
		}
	}
	if strings.Contains(got, "<script") || strings.Contains(got, "javascript:") || strings.Contains(got, "evil.example") {
		t.Error(got)
	}
}
