import Foundation
import Glibc
import Synchronization
import TestSupport

/// A proxy between an ingest and Redis that records the bytes that the ingest sends.
///
/// Not `FaultyProxy`, because its small buffers, which simulate a slow network, would slow transactions down. The
/// ingest would then choose other batch sizes. This proxy transfers a megabyte at a time.
final class Recorder: Sendable {
    let url: String

    private let folder: TemporaryFolder
    private let isStopping = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    // Only the recorder's thread uses the recording until `hasEnded` is true.
    private nonisolated(unsafe) let recording: Recording

    init(to server: BenchServer) throws {
        folder = try TemporaryFolder()
        recording = try Recording(path: folder.file("sent"))
        url = "unix://\(folder.file("recorder.sock"))"
        let listener = try SocketAddress.unix(folder.file("recorder.sock")).listen()
        let target = SocketAddress.unix(server.socket)
        Thread.detachNewThread { [self] in
            transfer(from: listener, to: target)
            hasEnded.store(true, ordering: .releasing)
        }
    }

    /// Stops the proxy and returns the recording.
    func stop() -> Recording {
        isStopping.store(true, ordering: .releasing)
        while !hasEnded.load(ordering: .acquiring) { usleep(500) }
        return recording
    }

    private func transfer(from listener: Int32, to target: SocketAddress) {
        var connections: [RecordedConnection] = []
        while !isStopping.load(ordering: .acquiring) {
            var interests = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            for connection in connections { interests += connection.interests }
            poll(&interests, nfds_t(interests.count), 20)
            for connection in connections { connection.transfer(recordingTo: recording) }
            connections.removeAll(where: \.hasEnded)
            let client = accept(listener, nil, nil)
            guard client >= 0 else { continue }
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            guard let server = target.connect() else {
                close(client)
                continue
            }
            connections.append(
                RecordedConnection(client: client, server: server, number: recording.addConnection()))
        }
        close(listener)
    }
}
