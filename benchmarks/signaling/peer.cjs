// npm's `peer` on one port: node peer.cjs PORT FOLDER, where FOLDER holds its node_modules.
const { PeerServer } = require(require.resolve("peer", { paths: [process.argv[3]] }));

PeerServer({ host: "127.0.0.1", port: Number(process.argv[2]), concurrent_limit: 20000 }, () => console.log("ready"));
