package extract

import "strings"

// harmlessWords are the words that redact keeps: servers use them to say what is wrong with a request. Any other word may be a
// name or another personal value.
var harmlessWords = wordSet(`a about above access account active after again agent all allowed an and any api are argument array at
	authentication authorization authorized available bad be because been before below between body both busy by call calls can cannot
	client company connection content could count created data database date dates day days deleted demo denied does down due during
	each empty end ended error errors exceed exceeded exceeds exist exists expected expired failed failure few field fields first
	for forbidden format found from future gateway gone greater had has have header high hour hours id if in inactive inclusive
	information integer internal invalid is iso it its json key keys large last later less limit limited limits long longer maintenance malformed many
	max maximum may maximal message min minimum minute minutes missing month more most must name need needed new no none not null
	number object of off on one only or out outside over page pages parameter parameters past path payload per period permission permissions
	permitted phone please plan possible processing prospect query quota range rate reached read reason received refused request requested requests
	required resource response retry revoked rights seconds server service session sessions share shares short should size slug slow some
	something soon stale start started string sufficient support system temporarily temporary than that the there this time timed timeout
	timestamp to today token too try two type unable unauthorized unavailable unexpected unit unknown unprocessable unsupported until up
	url usage use user users valid value values version view visits was were when while window with without wrong year you your zone`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// redact keeps the harmless words and the numbers of up to three digits of a text. Each run of other words becomes one
// ellipsis. The result is cut at about 120 bytes.
func redact(text string) string {
	var kept []string
	length := 0
	for word := range strings.FieldsSeq(text) {
		bare := strings.ToLower(strings.Trim(word, ".,:;!?()'\"`"))
		if !harmlessWords[bare] && (len(bare) > 3 || bare == "" || strings.Trim(bare, "0123456789") != "") {
			word = "…"
		}
		if word == "…" && len(kept) > 0 && kept[len(kept)-1] == word {
			continue
		}
		if length += len(word) + 1; length > 120 {
			kept = append(kept, "…")
			break
		}
		kept = append(kept, word)
	}
	return strings.Join(kept, " ")
}
