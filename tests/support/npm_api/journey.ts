// Sign in, search, quote, book and open a checkout, with types made from the document.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Booking = components["schemas"]["BookingResponse"];
type Problem = components["schemas"]["ProblemBody"];

const [baseUrl, email, password, date] = process.argv.slice(2) as [string, string, string, string];
const api = createClient<paths>({ baseUrl });

function present<T>(value: T | undefined, problem: Problem | undefined): T {
  if (value === undefined) throw new Error(JSON.stringify(problem));
  return value;
}

const token = await api.POST("/api/auth/mobile-login", { body: { email, password } });
const signedIn = present(token.data, token.error as Problem | undefined);
if (!("accessToken" in signedIn)) throw new Error("a code of the second factor is asked for");
const headers = { Authorization: `Bearer ${signedIn.accessToken}` };
const search = await api.POST("/api/flights/search", {
  body: { from: "RUH", to: "JED", date, passengers: 1, cabin: "economy" },
});
const flight = present(search.data, search.error as Problem | undefined).flights[0];
if (flight === undefined) throw new Error("no flight");
const quoted = await api.POST("/api/quotes", {
  body: { flightIds: [flight.id], passengers: [{ type: "ADT" }] },
});
const { quoteId, total } = present(quoted.data, quoted.error as Problem | undefined);
const key = { "Idempotency-Key": crypto.randomUUID() };
const wanted = {
  quoteId,
  passengers: [{ firstName: "Noura", lastName: "Alharbi", type: "ADT" as const }],
  contact: { email },
};
const first = await api.POST("/api/bookings", { headers, params: { header: key }, body: wanted });
const booking: Booking = present(first.data, first.error as Problem | undefined);
const again = await api.POST("/api/bookings", { headers, params: { header: key }, body: wanted });
if (again.data?.id !== booking.id) throw new Error("a repeat has made another booking");
const opened = await api.POST("/api/bookings/{booking_id}/checkout", {
  headers,
  params: { path: { booking_id: booking.id }, header: { "Idempotency-Key": crypto.randomUUID() } },
});
const unknown = await api.GET("/api/bookings/{booking_id}", {
  headers,
  params: { path: { booking_id: "ZZZZZZ" } },
});
const problem = unknown.error as Problem | undefined;
console.log(
  JSON.stringify({
    booking: booking.id,
    status: booking.status,
    sameTotal: booking.total.amount === total.amount,
    checkout: present(opened.data, opened.error as Problem | undefined).checkoutUrl,
    unknown: problem?.code,
  }),
);
