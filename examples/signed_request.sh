#!/bin/sh
# A V5 request by hand: an order that is signed with openssl(1) and sent with curl(1) to a paper exchange. Any client in any
# language can trade on this exchange.
#
#   bybit paper --port 8080                  (or: lua5.4 -e 'require"bybit.paper".serve{port=8080}')
#   BYBIT_URL=http://127.0.0.1:8080 BYBIT_API_KEY=... BYBIT_API_SECRET=... sh examples/signed_request.sh
set -eu
: "${BYBIT_URL:?the address that the exchange printed}" "${BYBIT_API_KEY:?}" "${BYBIT_API_SECRET:?}"
window=5000

# The signed text: timestamp, key, receive window, and the body or the query, joined.
sign() {
  printf %s "$1" | openssl dgst -sha256 -hmac "$BYBIT_API_SECRET" | sed 's/^.* //'
}

# call VERB PATH BODY-OR-QUERY
call() {
  now=$(date +%s)000
  signature=$(sign "$now$BYBIT_API_KEY$window$3")
  case $1 in
    GET) set -- "$BYBIT_URL$2?$3" ;;
    POST) set -- "$BYBIT_URL$2" --data "$3" -H 'Content-Type: application/json' ;;
  esac
  curl -sS "$@" -H "X-BAPI-API-KEY: $BYBIT_API_KEY" -H "X-BAPI-TIMESTAMP: $now" -H "X-BAPI-RECV-WINDOW: $window" \
    -H "X-BAPI-SIGN: $signature"
  echo
}

call POST /v5/order/create \
  '{"category":"inverse","symbol":"BTCUSD","side":"Buy","orderType":"Limit","qty":"100","price":"29000.50"}'
call GET /v5/order/realtime 'category=inverse&symbol=BTCUSD'
