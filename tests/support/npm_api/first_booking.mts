// From a registration to a ticket, with the packed client and nothing else.
import { body, connect, Refused, some, type Tokens } from "ais-client";

const [baseUrl, email, password, date] = process.argv.slice(2) as [string, string, string, string];
const kept: Tokens[] = [];
const keep = (tokens: Tokens) => void kept.push(tokens);
const key = () => ({ "Idempotency-Key": crypto.randomUUID() });

const first = connect({ baseUrl, keep });
await body(first.api.POST("/api/auth/register", { body: { email, password } }));
await first.signIn(email, password);

// The app is started again: it continues with the tokens that it kept.
const { api, resume } = connect({ baseUrl, keep, language: "ar" });
resume(kept.at(-1)!);
const [me, routes] = await Promise.all([
  body(api.GET("/api/auth/me")),
  body(api.GET("/api/routes")),
]);

const found = await body(
  api.POST("/api/flights/search", { body: { from: "RUH", to: "JED", date, passengers: 1 } }),
);
const flight = found.flights[0];
if (flight === undefined) throw new Error("no flight");
const quote = await body(
  api.POST("/api/quotes", { body: { flightIds: [flight.id], passengers: [{ type: "ADT" }] } }),
);
const wanted = {
  params: { header: key() },
  body: {
    quoteId: quote.quoteId,
    passengers: [{ firstName: "Noura", lastName: "Alharbi", type: "ADT" as const }],
    contact: { email },
  },
};
const booking = await body(api.POST("/api/bookings", wanted));
const repeat = await body(api.POST("/api/bookings", wanted));

const path = { booking_id: booking.id };
const checkout = await body(
  api.POST("/api/bookings/{booking_id}/checkout", { params: { path, header: key() } }),
);
// What the traveller does on the payment page of the simulator.
const card = new URLSearchParams({ card: "pm_card_visa" });
await fetch(`${checkout.checkoutUrl}/pay`, { method: "POST", body: card, redirect: "manual" });

let ticketed = booking;
for (const deadline = Date.now() + 60_000; ticketed.status !== "confirmed"; ) {
  if (Date.now() > deadline) throw new Error(`the booking is still ${ticketed.status}`);
  await new Promise((resolve) => setTimeout(resolve, 500));
  ticketed = await body(api.GET("/api/bookings/{booking_id}", { params: { path } }));
}

// What is no JSON is asked for by its form.
const fields = "id,status";
const few = await some(
  api.GET("/api/bookings/{booking_id}", { params: { path, query: { fields } } }),
);
const page = await some(api.GET("/api/bookings", { params: { query: { fields } } }));
const calendar = await body(
  api.GET("/api/bookings/{booking_id}/calendar.ics", { params: { path }, parseAs: "text" }),
);
let number: string | undefined;
for (const deadline = Date.now() + 60_000; number === undefined; ) {
  if (Date.now() > deadline) throw new Error("there is no invoice");
  const invoices = await body(
    api.GET("/api/bookings/{booking_id}/tax-documents", { params: { path } }),
  );
  number = invoices.documents[0]?.number;
}
const name = `${number}.pdf`;
const invoice = await body(
  api.GET("/api/bookings/{booking_id}/tax-documents/{name}", {
    params: { path: { ...path, name } },
    parseAs: "blob",
  }),
);

const refusal = await body(
  api.GET("/api/bookings/{booking_id}", { params: { path: { booking_id: "ZZZZZZ" } } }),
).catch((error: unknown) => error);
if (!(refusal instanceof Refused)) throw new Error("an unknown booking was answered");

console.log(
  JSON.stringify({
    role: me.role,
    routes: routes.routes.length,
    generations: kept.map(({ refreshToken }) => refreshToken.split(".")[1]),
    booking: ticketed.id,
    repeat: repeat.id,
    samePrice: quote.total.amount === ticketed.total.amount,
    status: ticketed.status,
    ticket: ticketed.passengers[0]?.ticketNumber,
    few: Object.keys(few).sort(),
    listed: page.bookings.map((each) => each.status ?? ""),
    calendar: calendar.split("\r\n")[0],
    invoice: (await invoice.text()).slice(0, 4),
    refusal: refusal.problem?.code,
    message: refusal.problem?.message,
  }),
);
