// A reverse proxy of 13 bytes.
export default {
  fetch() {
    return fetch("http://$UPSTREAM/");
  },
};
