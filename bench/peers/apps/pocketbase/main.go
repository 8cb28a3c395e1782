// PocketBase as a Go program, as its documentation builds one, with a protected route of our own. Its request log is
// off, as every access log is here.
package main

import (
	"log"
	"net/http"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
)

func main() {
	app := pocketbase.New()
	app.OnServe().BindFunc(func(event *core.ServeEvent) error {
		settings := event.App.Settings()
		if settings.Logs.MaxDays != 0 {
			settings.Logs.MaxDays = 0
			if err := event.App.Save(settings); err != nil {
				return err
			}
		}
		event.Router.GET("/me", func(request *core.RequestEvent) error {
			return request.JSON(http.StatusOK, map[string]string{"id": request.Auth.Id})
		}).Bind(apis.RequireAuth())
		return event.Next()
	})
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}
