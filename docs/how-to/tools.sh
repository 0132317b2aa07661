# Functions that the how-tos share; for bash, in the repository's folder: . docs/how-to/tools.sh
# It needs DEMO_URL, the address of a running demo, and curl and python3.
TOKEN=${TOKEN:-}

# What one step keeps for the next is in this folder, which is removed when the shell ends.
case ${KEPT:-} in */ais-how-to.*) ;; *) KEPT=$(mktemp -d "${TMPDIR:-/tmp}/ais-how-to.XXXXXX") ;; esac
remove_kept() { rm -rf -- "$KEPT"; }
trap remove_kept EXIT

call() {  # call METHOD PATH [BODY] [more for curl]: calls the API as the user of TOKEN
  local method=$1 path=$2 body=${3:-}
  shift $(($# > 2 ? 3 : 2))
  curl -sS --fail-with-body -X "$method" \
    -H "content-type: application/json" -H "idempotency-key: $(date +%s%N)-$RANDOM" \
    ${TOKEN:+-H "authorization: Bearer $TOKEN"} ${body:+-d "$body"} "$@" "$DEMO_URL$path"
}

field() {  # field a.0.b: prints one value of JSON; -1 is the last of a list
  python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name) if name.lstrip("-").isdigit() else name]
print(json.dumps(value) if isinstance(value, (dict, list)) else value)' "$1"
}

await() {  # await TEXT COMMAND...: repeats the command until it prints the text, for a minute
  local wanted=$1 answer
  shift
  for _ in $(seq 120); do
    answer=$("$@") || true  # what is not there yet may be there soon
    case $answer in *"$wanted"*) printf '%s\n' "$answer"; return ;; esac
    sleep 0.5
  done
  printf 'no %s in: %s\n' "$wanted" "$answer" >&2
  return 1
}

sign_in() {  # sign_in EMAIL PASSWORD: sets TOKEN
  TOKEN=
  TOKEN=$(call POST /api/auth/mobile-login \
    "{\"email\": \"$1\", \"password\": \"$2\"}" | field accessToken)
}

day() {  # day N: prints the date in N days, by the calendar of Riyadh, where the flights leave
  python3 -c 'import datetime, sys, zoneinfo
today = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Riyadh")).date()
print(today + datetime.timedelta(days=int(sys.argv[1])))' "$1"
}

in_minutes() {  # in_minutes N [TIME]: prints the instant N minutes after TIME, or after now
  python3 -c 'import datetime, sys
start = sys.argv[2] if len(sys.argv) > 2 else None
start = datetime.datetime.fromisoformat(start) if start else datetime.datetime.now(datetime.UTC)
print((start + datetime.timedelta(minutes=int(sys.argv[1]))).isoformat())' "$@"
}

flight_on() {  # flight_on DATE [N]: prints the id of the day's last (or Nth) flight Riyadh-Jeddah
  call POST /api/flights/search \
    "{\"from\": \"RUH\", \"to\": \"JED\", \"date\": \"$1\", \"passengers\": 2}" |
    field "flights.${2:--1}.id"
}

sell() {  # sell FLIGHT: two travellers buy tickets; sets BOOKING, and TRAVELLER to their token
  local staff=$TOKEN email quote
  email="t$(date +%s%N)@example.com"
  TOKEN=
  call POST /api/auth/register \
    "{\"email\": \"$email\", \"password\": \"dunes-at-dawn-7\"}" > /dev/null
  sign_in "$email" dunes-at-dawn-7
  TRAVELLER=$TOKEN
  quote=$(call POST /api/quotes "{\"flightIds\": [\"$1\"],
    \"passengers\": [{\"type\": \"ADT\"}, {\"type\": \"ADT\"}]}" | field quoteId)
  BOOKING=$(call POST /api/bookings "{\"quoteId\": \"$quote\",
    \"contact\": {\"email\": \"$email\"}, \"passengers\": [
      {\"firstName\": \"Layla\", \"lastName\": \"Haddad\", \"type\": \"ADT\"},
      {\"firstName\": \"Omar\", \"lastName\": \"Haddad\", \"type\": \"ADT\"}]}" | field id)
  pay "$BOOKING"
  await '"status":"confirmed"' call GET "/api/bookings/$BOOKING" > /dev/null
  TOKEN=$staff
}

pay() {  # pay BOOKING: presses the button of the payment page, as the user of TOKEN
  local page
  page=$(call POST "/api/bookings/$1/checkout" | field checkoutUrl)
  curl -sS -o /dev/null -d card=pm_card_visa "$page/pay"
}

use_settings_of_demo() {  # for commands beside the demo: sets AIS_* from DEMO_* and its folder
  local name
  export AIS_DATABASE_URL=$DEMO_DATABASE AIS_STRIPE_BASE_URL=$DEMO_STRIPE AIS_PUBLIC_URL=$DEMO_URL
  for name in master_key token_key stripe_api_key webhook_secret; do
    export "AIS_$(printf %s "${name/webhook_secret/stripe_webhook_secrets}" | tr a-z A-Z)=$(
      field "$name" < "$DEMO_FOLDER/secrets.json")"
  done
}

pay_out() {  # pay_out: Stripe pays out its balance in SAR, which arrives the same day; prints it
  local stripe=$DEMO_STRIPE/_control
  curl -sS -o /dev/null -X POST -d '{}' "$stripe/funds"
  curl -sS -o /dev/null -X POST -d '{"payout_days": 0}' "$stripe/settings"
  curl -sS --fail-with-body -X POST -d '{"currency": "sar"}' "$stripe/payouts" |
    python3 -c 'import datetime, json, sys
payout = json.load(sys.stdin)["data"][0]
day = datetime.datetime.fromtimestamp(payout["arrival_date"], datetime.UTC).date().isoformat()
print(json.dumps({"id": payout["id"], "amount": payout["amount"], "arrives_on": day}))'
  curl -sS -o /dev/null -X POST -d '{"payout_days": 2}' "$stripe/settings"
}

stripe_id_of() {  # stripe_id_of BOOKING RULE: waits for an entry; prints the id its newest names
  await _ stripe_id_in_journal "$1" "$2"
}

stripe_id_in_journal() {  # stripe_id_in_journal BOOKING RULE: the same, but empty without an entry
  .venv/bin/python -c 'import psycopg, sys
with psycopg.connect(sys.argv[1]) as connection:
    for (found,) in connection.execute("SELECT provider_references[1] FROM "
          "read_model.ledger_journal WHERE booking = %s AND rule = %s "
          "ORDER BY position DESC LIMIT 1", sys.argv[2:]):
        print(found)' "$DEMO_DATABASE" "$1" "$2"
}

in_major_units() {  # in_major_units MINOR: prints halalas as the riyals of a statement
  python3 -c 'import sys
print("%s%d.%02d" % ("-" * (int(sys.argv[1]) < 0), *divmod(abs(int(sys.argv[1])), 100)))' "$1"
}

mailed_token() {  # mailed_token EMAIL KIND: waits for a letter, prints the token of its newest link
  await "/mail/$2" newest_letter "$1" "$2" | xargs grep -o 'token=[A-Za-z0-9_-]*' | cut -d= -f2
}

newest_letter() {  # newest_letter EMAIL KIND: prints the file of the newest letter to the address
  local letter
  for letter in $(ls -t "$DEMO_FOLDER/mail/$2"-*.eml); do
    if grep -q "^To: $1" "$letter"; then printf '%s\n' "$letter"; return; fi
  done
}

app_code() {  # app_code SECRET [N]: prints what an authenticator app shows, or in N steps
  .venv/bin/python -c 'import sys, time, pyotp
print(pyotp.TOTP(sys.argv[1]).at(int(time.time()) + 30 * int(sys.argv[2])))' "$1" "${2:-0}"
}
