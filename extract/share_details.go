package extract

import "context"

// ShareDetail is one entry of share_details: a share with the CRM account for which it was made.
type ShareDetail struct {
	ID                   Text // the share's slug, the end of its video_url
	CreatedAt            Instant
	CustomerAccountID    Text
	ContentCreatedBy     Text
	ContentRecordedAt    Instant
	ContentRuntime       Text // HH:MM:SS
	VideoURL             Text
	AccessSharingEnabled BoolOrNA
	Extra                Extra
}

// ShareDetails asks for the shares that were created in a window, with their CRM accounts, and calls row for each.
func (c *Client) ShareDetails(ctx context.Context, w Window, out Answers, row func(Record[ShareDetail]) error) (Report, error) {
	var rep Report
	err := c.bisect(ctx, w, func(c *Client, half Window) error {
		err := c.get(ctx, &rep, "/ss/api/share_details", half.events(), func(a *answer) error {
			out.Begin()
			return a.rowsUnder("shares", func() error {
				return records(a, "$.shares", (*decoder).shareDetail, row)
			}, ignored())
		})
		if err == nil {
			out.Commit()
		}
		return err
	})
	return rep, err
}

func (d *decoder) shareDetail(s *ShareDetail) error {
	return d.object(func(name []byte) error {
		switch string(name) {
		case "id":
			return d.key(&s.ID)
		case "created_at":
			return d.instant(&s.CreatedAt)
		case "customer_account_id":
			return d.text(&s.CustomerAccountID)
		case "content_created_by":
			return d.text(&s.ContentCreatedBy)
		case "content_recorded_at":
			return d.instant(&s.ContentRecordedAt)
		case "content_runtime":
			return d.text(&s.ContentRuntime)
		case "video_url":
			return d.text(&s.VideoURL)
		case "access_sharing_enabled":
			return d.boolean(&s.AccessSharingEnabled)
		}
		return d.extra(&s.Extra)
	})
}
