"""The cases of autobahntestsuite, over a peer of our own: the suite's wants Python 2 and Twisted.

Cases are Python 2; lib2to3 translates them, and what bytes are to them are strings of Latin-1 here. The peer does what theirs does
(autobahn.websocket.protocol of 0.10), as far as cases see of it.
"""
import asyncio, base64, binascii, glob, hashlib, os, re, struct, sys, types, zlib

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONNECTING, OPEN, CLOSING, CLOSED = range(4)


class WebSocketProtocol:
    STATE_CONNECTING, STATE_OPEN, STATE_CLOSING, STATE_CLOSED = CONNECTING, OPEN, CLOSING, CLOSED
    MESSAGE_TYPE_TEXT, MESSAGE_TYPE_BINARY = 1, 2
    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_GOING_AWAY = 1001
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_UNSUPPORTED_DATA = 1003
    CLOSE_STATUS_CODE_RESERVED1 = 1004
    CLOSE_STATUS_CODE_NULL = 1005
    CLOSE_STATUS_CODE_ABNORMAL_CLOSE = 1006
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007
    CLOSE_STATUS_CODE_POLICY_VIOLATION = 1008
    CLOSE_STATUS_CODE_MESSAGE_TOO_BIG = 1009
    CLOSE_STATUS_CODE_MANDATORY_EXTENSION = 1010
    CLOSE_STATUS_CODES_ALLOWED = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011]


class PerMessageDeflateOffer:
    def __init__(self, acceptNoContextTakeover=True, acceptMaxWindowBits=True, requestNoContextTakeover=False, requestMaxWindowBits=0):
        self.acceptNoContextTakeover, self.acceptMaxWindowBits = acceptNoContextTakeover, acceptMaxWindowBits
        self.requestNoContextTakeover, self.requestMaxWindowBits = requestNoContextTakeover, requestMaxWindowBits

    def __str__(self):
        text = "permessage-deflate"
        text += "; client_no_context_takeover" if self.acceptNoContextTakeover else ""
        text += "; client_max_window_bits" if self.acceptMaxWindowBits else ""
        text += "; server_no_context_takeover" if self.requestNoContextTakeover else ""
        return text + (f"; server_max_window_bits={self.requestMaxWindowBits}" if self.requestMaxWindowBits else "")


class PerMessageDeflateOfferAccept:
    def __init__(self, offer, requestNoContextTakeover=False, requestMaxWindowBits=0):
        self.offer, self.requestNoContextTakeover, self.requestMaxWindowBits = offer, requestNoContextTakeover, requestMaxWindowBits


class Utf8Validator:
    def reset(self):
        self.bytes = b""

    def validate(self, text):
        data = text.encode("latin-1")
        try:
            data.decode()
            return True, True, len(data), len(data)
        except UnicodeDecodeError as error:
            return error.reason == "unexpected end of data", False, error.start, error.start


def load(folder):
    """The cases of the suite in this folder, by their ids."""
    stubs = {
        "autobahn": {},
        "autobahn.websocket": {},
        "autobahn.websocket.protocol": {"WebSocketProtocol": WebSocketProtocol},
        "autobahn.websocket.utf8validator": {"Utf8Validator": Utf8Validator},
        "autobahn.websocket.compress": {
            "PerMessageDeflateOffer": PerMessageDeflateOffer,
            "PerMessageDeflateOfferAccept": PerMessageDeflateOfferAccept,
            "PerMessageDeflateResponse": str,
            "PerMessageDeflateResponseAccept": str,
        },
        "zope": {},
        "zope.interface": {"implementer": lambda *_: lambda it: it, "implements": lambda *_: None},
        "twisted": {},
        "twisted.internet": {"reactor": None, "interfaces": types.SimpleNamespace(IPushProducer=None)},
        "pkg_resources": {"resource_filename": lambda _, name: os.path.join(folder, name)},
    }
    for name, members in stubs.items():
        module = types.ModuleType(name)
        vars(module).update(members)
        sys.modules[name] = module
    hexlify = binascii.b2a_hex
    binascii.b2a_hex = lambda data: hexlify(data.encode("latin-1") if isinstance(data, str) else data).decode()
    from lib2to3.refactor import RefactoringTool, get_fixers_from_package

    fixers = [name for name in get_fixers_from_package("lib2to3.fixes") if not name.endswith(("fix_import", "fix_types", "fix_unicode"))]
    tool = RefactoringTool(fixers)
    translated = os.path.join(folder, "translated")
    os.makedirs(translated, exist_ok=True)
    for path in glob.glob(os.path.join(folder, "case", "*.py")):
        name = os.path.basename(path)
        text = open(path, encoding="latin-1").read().expandtabs(3) + "\n"
        text = text.replace("(object, Case, )", "(Case, )").replace("len(self.payload) / self", "len(self.payload) // self")
        text = text.replace("pickle.dumps(obj1) == pickle.dumps(obj2)", "obj1 == obj2")
        name = "cases.py" if name == "__init__.py" else name
        with open(os.path.join(translated, name), "w", encoding="utf-8") as file:
            file.write(str(tool.refactor_string(text, name)))
    sys.path.insert(0, translated)
    sys.dont_write_bytecode = True
    import cases

    return {".".join(case.__name__[4:].split("_")): case for case in cases.Cases}


def xor(data, key):
    wide = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(wide, "big")).to_bytes(len(data), "big")


def raw(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


class Peer(WebSocketProtocol):
    """What a case calls `p`."""

    def __init__(self, case, is_server):
        self.factory = types.SimpleNamespace(isServer=is_server)
        self.state = CONNECTING
        self.connectionWasOpen = self.closedByMe = self.failedByMe = self.droppedByMe = self.wasClean = False
        self.localCloseCode = self.localCloseReason = self.remoteCloseCode = self.remoteCloseReason = None
        self.createWirelog, self.trafficStats, self.txFrameStats, self.autoFragmentSize = True, None, {}, 0
        self.perMessageCompressionAccept, self.perMessageCompressionOffers = None, []
        self._perMessageCompress = None
        self.problem, self.timers, self.out = None, [], asyncio.Queue()
        self.case = case(self)
        self.is_bytes = case.__name__.startswith(("Case12", "Case13"))

    # ---- What cases call

    def enableWirelog(self, _):
        pass

    def later(self, delay, call):
        self.timers.append(asyncio.get_running_loop().call_later(delay, call))

    def continueLater(self, delay, call, tag=None):
        self.later(delay, lambda: self.state != CLOSED and call())

    def killAfter(self, delay):
        self.later(delay, self.failConnection)

    def closeAfter(self, delay):
        self.later(delay, self.sendClose)

    def failConnection(self, code=1001, reason="Going Away"):
        if self.state != CLOSED:
            self.failedByMe = True
            if self.state == CLOSING:
                self.drop()
            else:
                self.sendCloseFrame(code, reason)

    def sendClose(self, code=None, reason=None):
        self.sendCloseFrame(code, reason)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        if self.state != OPEN:
            return
        payload = (struct.pack("!H", code) if code is not None else b"") + raw(reasonUtf8 or "")
        self.sendFrame(opcode=8, payload=payload)
        self.state = CLOSING
        self.closedByMe = not isReply
        self.localCloseCode, self.localCloseReason = code, reasonUtf8
        if self.closedByMe:
            self.later(2, self.drop)

    def sendFrame(self, opcode, payload="", fin=True, rsv=0, mask=None, payload_len=None, chopsize=None, sync=False):
        payload = raw(payload)
        if payload_len is not None:
            payload = (payload * (payload_len // max(len(payload), 1) + 1))[:payload_len]
        self.txFrameStats[opcode] = self.txFrameStats.get(opcode, 0) + 1
        self.write(self.head(opcode, len(payload), fin, rsv) + self.masked(payload), chopsize)

    def head(self, opcode, length, fin=True, rsv=0):
        first, bit = (0x80 if fin else 0) | rsv << 4 | opcode, 0 if self.factory.isServer else 0x80
        if length < 126:
            head = struct.pack("!BB", first, bit | length)
        elif length < 65536:
            head = struct.pack("!BBH", first, bit | 126, length)
        else:
            head = struct.pack("!BBQ", first, bit | 127, length)
        self.key, self.masked_at = (os.urandom(4) if bit else None), 0
        return head + (self.key or b"")

    def masked(self, data):
        if self.key is None:
            return data
        at = self.masked_at % 4
        self.masked_at += len(data)
        return xor(data, self.key[at:] + self.key[:at])

    def sendMessage(self, payload, isBinary=False, fragmentSize=None, sync=False, doNotCompress=False):
        data, rsv = raw(payload), 0
        if self._perMessageCompress and not doNotCompress:
            data, rsv = self._perMessageCompress.fold(data), 4
        size, opcode = fragmentSize or self.autoFragmentSize or len(data), 2 if isBinary else 1
        for at in range(0, max(len(data), 1), max(size, 1)):
            self.sendFrame(opcode, data[at : at + size], fin=at + size >= len(data), rsv=rsv)
            opcode, rsv = 0, 0

    def beginMessage(self, isBinary=False):
        self.opcode = 2 if isBinary else 1

    def beginMessageFrame(self, length):
        self.write(self.head(self.opcode, length, fin=False))

    def sendMessageFrameData(self, payload, sync=False):
        self.write(self.masked(raw(payload)))

    def endMessage(self):
        self.sendFrame(0, "", fin=True)

    # ---- The connection

    def write(self, data, chopsize=None):
        for at in range(0, len(data), chopsize or len(data)):
            self.out.put_nowait(data[at : at + (chopsize or len(data))])

    def drop(self):
        if self.state != CLOSED:
            self.droppedByMe = True
            self.end()

    def end(self):
        self.state = CLOSED
        self.out.put_nowait(None)

    async def writes(self, writer):
        try:
            while (data := await self.out.get()) is not None:
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def run(self, reader, writer):
        """Runs the case on a connection after its handshake."""
        self.state, self.connectionWasOpen = OPEN, True
        writing = asyncio.create_task(self.writes(writer))
        try:
            self.case.onOpen()
            await self.reads(reader)
        except (OSError, asyncio.IncompleteReadError):
            pass
        self.end()
        await writing
        for timer in self.timers:
            timer.cancel()
        self.case.onConnectionLost(self.failedByMe)
        if self.problem:
            self.case.behavior, self.case.result = "FAILED", self.problem

    async def reads(self, reader):
        message, opcode, folded = b"", None, False
        while self.state != CLOSED:
            first, second = await reader.readexactly(2)
            length = second & 0x7F
            if length >= 126:
                form = {126: "!H", 127: "!Q"}[length]
                (length,) = struct.unpack(form, await reader.readexactly(struct.calcsize(form)))
            if bool(second & 0x80) != self.factory.isServer:
                self.problem = "a frame is masked, or not, as it must not be"
            key = await reader.readexactly(4) if second & 0x80 else None
            data = await reader.readexactly(length)
            data = xor(data, key) if key else data
            code, fin, rsv = first & 15, first & 0x80, first >> 4 & 7
            if rsv and (rsv != 4 or not self._perMessageCompress or code not in (1, 2)):
                self.problem = "a frame has a reserved bit"
            if code == 8:
                return await self.closed(data, reader)
            if code == 9:
                self.sendFrame(10, data)
            elif code == 10:
                self.case.onPong(data.decode("latin-1"))
            elif code in (0, 1, 2) and (code == 0) == (opcode is not None):
                message += data
                if code:
                    opcode, folded = code, rsv == 4
                if fin:
                    message = self._perMessageCompress.unfold(message) if folded else message
                    if opcode == 1:
                        message.decode()
                    given, is_binary = message, opcode == 2
                    message, opcode = b"", None
                    if not self.failedByMe:
                        self.case.onMessage(given if self.is_bytes else given.decode("latin-1"), is_binary)
            else:
                self.problem = f"a frame has the opcode {code}, where it must not"

    async def closed(self, data, reader):
        if data:
            self.remoteCloseCode, self.remoteCloseReason = struct.unpack("!H", data[:2])[0], data[2:].decode()
            if self.remoteCloseCode not in (1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)):
                self.problem = f"closes with {self.remoteCloseCode}"
        self.wasClean = True
        if self.state == OPEN:
            self.sendCloseFrame(self.remoteCloseCode, None, True)
        self.case.onClose(True, self.remoteCloseCode, self.remoteCloseReason)
        if self.factory.isServer:
            return self.end()
        # The server is expected to end the connection.
        try:
            await asyncio.wait_for(reader.read(), 3)
        except TimeoutError:
            self.drop()


class Deflate:
    """permessage-deflate, of one side."""

    def __init__(self, own_bits, peer_bits, own_alone, peer_alone):
        self.own, self.peer = (own_bits, own_alone), (peer_bits, peer_alone)
        self.folder = self.unfolder = None

    def fold(self, data):
        if self.folder is None or self.own[1]:
            self.folder = zlib.compressobj(wbits=-self.own[0])
        return (self.folder.compress(data) + self.folder.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def unfold(self, data):
        if self.unfolder is None or self.peer[1]:
            self.unfolder = zlib.decompressobj(wbits=-self.peer[0])
        return self.unfolder.decompress(data + b"\0\0\xff\xff")


def parameters(text):
    parts = [part.strip() for part in text.split(";")]
    return parts[0], dict((part.split("=") + [None])[:2] for part in parts[1:])


async def head(reader):
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {}
    for line in lines[1:]:
        if line:
            name, value = line.split(":", 1)
            fields.setdefault(name.lower(), []).append(value.strip())
    return lines[0], {name: ", ".join(values) for name, values in fields.items()}


def accept(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


async def as_client(case, host, port, path="/"):
    """Runs a case against a server that sends back what it gets."""
    peer = Peer(case, False)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    key = base64.b64encode(os.urandom(16)).decode()
    offers = ", ".join(map(str, peer.perMessageCompressionOffers))
    writer.write(
        f"GET {path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n"
        f"sec-websocket-key: {key}\r\n{f'sec-websocket-extensions: {offers}' + chr(13) + chr(10) if offers else ''}\r\n".encode()
    )
    status, fields = await head(reader)
    if " 101 " not in status or fields.get("sec-websocket-accept") != accept(key):
        raise Exception(f"no WebSocket: {status}")
    if extension := fields.get("sec-websocket-extensions"):
        name, agreed = parameters(extension)
        if name != "permessage-deflate" or not offers:
            raise Exception(f"agreed on {extension}")
        bits = lambda name: int(agreed.get(name, 15))
        peer._perMessageCompress = Deflate(
            bits("client_max_window_bits"),
            bits("server_max_window_bits"),
            "client_no_context_takeover" in agreed,
            "server_no_context_takeover" in agreed,
        )
    await peer.run(reader, writer)
    return peer.case


async def as_server(case, reader, writer):
    """Runs a case against a client, on its connection."""
    peer = Peer(case, True)
    _, fields = await head(reader)
    extension = ""
    if peer.perMessageCompressionAccept and (offer := fields.get("sec-websocket-extensions")):
        name, offered = parameters(offer.split(",")[0])
        wanted = PerMessageDeflateOffer(
            "client_no_context_takeover" in offered,
            "client_max_window_bits" in offered,
            "server_no_context_takeover" in offered,
            int(offered.get("server_max_window_bits", 0)),
        )
        if agreed := peer.perMessageCompressionAccept([wanted]):
            own_alone, peer_alone = wanted.requestNoContextTakeover, agreed.requestNoContextTakeover
            extension = f"{name}{'; server_no_context_takeover' if own_alone else ''}{'; client_no_context_takeover' if peer_alone else ''}"
            extension = f"sec-websocket-extensions: {extension}\r\n"
            # A client that says that it keeps no window need not be told so.
            peer._perMessageCompress = Deflate(15, 15, own_alone, peer_alone or wanted.acceptNoContextTakeover)
    writer.write(
        f"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        f"sec-websocket-accept: {accept(fields['sec-websocket-key'])}\r\n{extension}\r\n".encode()
    )
    await peer.run(reader, writer)
    return peer.case
