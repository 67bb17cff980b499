package simulator

import "strings"

// Names, places and phrases that facts are made of. All domains and phone numbers are reserved for fiction, so they belong to
// nobody.
var (
	firstNames = strings.Fields(`Sigrún Anna Jón Ólafur Emma James Sarah Daniel Lukas Mia Hannah Felix Björn Kristín Guðrún
		Michael Laura David Jessica Omar Priya Chen María José Elena Noah Olivia Liam Sophie Tom Katrín Einar Helga Paul
		Julia Marta Ivan Nina Oscar Freyja`)
	lastNames = strings.Fields(`Jónsdóttir Smith Müller García Einarsson Brown Taylor Schmidt Johnson Weber Guðmundsson Patel
		Nguyen Wilson Fischer Sigurðardóttir Martin Novak Lee Kowalski Haraldsson Davies Rossi Becker Moore Clark Olsen
		Hansen Walker Young King Wright Silva Costa Meyer Wagner Scott`)
	companies = []string{"Northwind Insurance", "Blue Lagoon Tours", "Fjord & Sons", "Contoso", "Initech GmbH", "Globex",
		"Umbrella Solar", "Hooli Mortgage", "Stark Fencing", "Vandelay Imports", "Müller Dach AG", "O'Neill Energy",
		`"Quoted" Co`, "Wayne Home Loans", "Soylent Foods", "Tyrell Pools"}
	jobTitles = []string{"CEO", "Head of Sales", "Office manager", "Owner", "VP Marketing", "Sales rep", "Geschäftsführer",
		"Buyer", "COO", "none"}
	cities = []string{"Reykjavik, Iceland", "Kopavogur, Iceland", "Iceland", "London, United Kingdom",
		"Manchester, United Kingdom", "Berlin, Germany", "München, Germany", "New York, United States",
		"Austin, United States", "Denver, United States", "Toronto, Canada", "Madrid, Spain", "Dublin, Ireland",
		"Oslo, Norway", "São Paulo, Brazil", "Sydney, Australia"}
	origins = []string{"acme.example/", "https://www.acme.example/", "https://www.acme.example/pricing",
		"acme.example/pricing", "http://acme.example/landing/spring", "https://blog.acme.example/why-screen-share?ref=top",
		"www.acme.example/demo", "https://partners.example/acme"}
	deckTopics = []string{"Product tour", "Pricing", "Onboarding", "Case study: Fjord & Sons", "Security overview",
		"Insurance plans | families", "Solar savings calculator", "Roadmap", "Q&A|short", "Why Acme",
		"Comparison – Acme vs. rest", "Welcome video", "Contract walk-through", "Home loans 101"}
	segments = []string{"", "", "", "demo-video", "follow-up", "onboarding", "renewal"}
	replacer = strings.NewReplacer("á", "a", "ð", "d", "é", "e", "í", "i", "ó", "o", "ö", "o", "ú", "u", "ü", "u", "þ", "th",
		"Ó", "O", "Ö", "O", "Þ", "Th", "ñ", "n")
)

func ascii(s string) string { return replacer.Replace(s) }
