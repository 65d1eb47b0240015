import MerestoneCore

/// One reading of several files: what its threads share.
final class InputRun<Failure: Error>: Sendable {
  private struct State {
    var schedule: InputSchedule
    var failure: (file: Int, error: Failure)?
    var threads: [BackgroundThread] = []
  }

  private let readers: [EdgeListReader]
  private let starts: [TextPosition?]
  private let cancellation: Cancellation?
  private let state: Monitor<State>

  init(
    readers: [EdgeListReader], starts: [TextPosition?], cancellation: Cancellation?,
    schedule: InputSchedule
  ) {
    self.readers = readers
    self.starts = starts
    self.cancellation = cancellation
    state = Monitor(State(schedule: schedule))
  }

  var failure: Failure? { state.update { $0.failure?.error } }

  /// Does one step after the other until all files are read or something fails.
  func work(
    progress: (Int) -> Void, wrapping: (IngestError) -> Failure,
    sink: (Int, consuming EdgeBatch) throws(Failure) -> Void
  ) {
    while let job = nextJob() {
      switch job {
      case .open(let file): open(file, wrapping: wrapping)
      case .read(let file, let pieces, let buffer):
        let item = read(pieces, buffer)
        let number = state.update { $0.schedule.didRead(file, item, unused: buffer) }
        if let number, case .piece(.chunk(let chunk)) = item {
          parse(file, number, chunk)
        }
      case .parse(let file, let number, let chunk): parse(file, number, chunk)
      case .deliver(let file, let pieces, let item):
        do throws(Failure) {
          try deliver(file, pieces, item, wrapping: wrapping, sink: sink)
          if case .piece(let piece) = item { progress(piece.fileBytes) }
          state.update { $0.schedule.didDeliver(file, item) }
        } catch {
          fail(file, error)
        }
      }
    }
    if isCancelled { fail(-1, wrapping(.interrupted)) }
  }

  /// Waits for the threads of unsplittable files. To be called when all work has returned.
  func joinThreads() {
    let threads = state.update { $0.threads }
    for thread in threads { thread.join() }
  }

  private var isCancelled: Bool { cancellation?.isCancelled ?? false }

  /// nil when there is nothing more to do.
  private func nextJob() -> InputSchedule.Job? {
    let job = state.wait { state -> InputSchedule.Job?? in
      if state.schedule.isFinished || isCancelled { return .some(nil) }
      return state.schedule.nextJob().map { .some($0) }
    }
    return job
  }

  private func open(_ file: Int, wrapping: (IngestError) -> Failure) {
    let pieces: EdgePieces
    do throws(IngestError) {
      pieces = try readers[file].pieces(from: file < starts.count ? starts[file] : nil)
    } catch {
      fail(file, wrapping(error))
      return
    }
    if readers[file].isSplittable {
      state.update { $0.schedule.didOpen(file, pieces) }
      return
    }
    let thread = BackgroundThread { [self] in decode(file) }
    guard let thread else {
      fail(file, wrapping(.cannotRead(readers[file].path, byteOffset: 0, code: 11)))
      return
    }
    state.update { state in
      state.threads.append(thread)
      state.schedule.didOpen(file, pieces)
    }
  }

  /// Reads all pieces of one file: what its own thread does.
  private func decode(_ file: Int) {
    var isWaiting = false
    var isThrough = false
    while !isThrough {
      let slot = state.wait { state -> (EdgePieces, ByteBuffer?)?? in
        if state.schedule.isStopped { return .some(nil) }
        return state.schedule.takeSlot(file, isWaiting: &isWaiting).map { .some($0) }
      }
      guard let (pieces, buffer) = slot else { return }
      let item = read(pieces, buffer)
      if case .piece = item {} else { isThrough = true }
      _ = state.update { $0.schedule.didRead(file, item, unused: buffer) }
    }
  }

  private func read(_ pieces: EdgePieces, _ buffer: ByteBuffer?) -> InputSchedule.Item {
    do throws(IngestError) {
      return try pieces.next(buffer: buffer).map { .piece($0) } ?? .end
    } catch {
      return .failed(error)
    }
  }

  private func parse(_ file: Int, _ number: Int, _ chunk: TextChunk) {
    chunk.parse()
    state.update { $0.schedule.didParse(file, piece: number, chunk) }
  }

  private func deliver(
    _ file: Int, _ pieces: EdgePieces, _ item: InputSchedule.Item,
    wrapping: (IngestError) -> Failure,
    sink: (Int, consuming EdgeBatch) throws(Failure) -> Void
  ) throws(Failure) {
    let batch: EdgeBatch?
    do throws(IngestError) {
      switch item {
      case .piece(let piece): batch = try pieces.batch(piece)
      case .failed(let error): throw error
      case .end:
        try pieces.checkUnchanged()
        batch = nil
      }
    } catch {
      var fault = error
      // A file that was written to meanwhile shows faults that it does not have.
      do throws(IngestError) { try pieces.checkUnchanged() } catch { fault = error }
      throw wrapping(fault)
    }
    if let batch { try sink(file, batch) }
  }

  /// Ends the reading; of several faults the first file's counts.
  private func fail(_ file: Int, _ error: Failure) {
    state.update { state in
      state.schedule.stop()
      if state.failure.map({ $0.file > file }) ?? true { state.failure = (file, error) }
    }
    for reader in readers where !reader.isRepeatable { reader.options.standardInput.interrupt() }
  }
}
