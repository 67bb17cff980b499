package simulator

// demoInfo answers with the account's Instant Demos, which are on.
func (c *call) demoInfo() {
	c.buf = append(c.buf, `{"website_url":"https://meeting.is/ss/showu/cw#crankwheel-com-showu-launch-button","js_snippet":"(function(){})()",`+
		`"is_enabled":true,"email_campaign_url":"https://meeting.is/ss/showu/cw","demo_id":"DT66biLU"}`...)
}
