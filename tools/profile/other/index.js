// What another app calls by a service binding.
export default {
    async fetch(request) {
        return new Response(`${request.method} ${(await request.text()).length}`);
    },
};
