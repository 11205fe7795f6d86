package main

import (
	"os"
	"strings"
)

// machineZone is the time zone that this machine is set to, unless it is none of a place.
func machineZone(link string) string {
	to, err := os.Readlink(link)
	if err != nil {
		return ""
	}
	_, zone, ok := strings.Cut(to, "zoneinfo/")
	if !ok || !strings.Contains(zone, "/") || strings.HasPrefix(zone, "Etc/") {
		return "" // a machine on UTC was never told where it stands
	}
	return zone
}

// zoneCurrency is the currency of the country that a time zone belongs to, by the table of zones.
func zoneCurrency(table, zone string) string {
	money := map[string]string{"US": "USD", "CA": "CAD", "GB": "GBP", "FR": "EUR", "DE": "EUR", "IT": "EUR", "ES": "EUR", "NL": "EUR", "BE": "EUR", "AT": "EUR",
		"CH": "CHF", "JP": "JPY", "AU": "AUD", "NZ": "NZD", "SG": "SGD", "HK": "HKD", "AE": "AED"}
	text, err := os.ReadFile(table)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Fields(line); len(cells) >= 3 && cells[2] == zone {
			return money[cells[0]]
		}
	}
	return ""
}
