/// What TensorBoard shows at one step of one curve or row of pictures.
public struct SummaryValue: Sendable, Hashable {
  public enum Content: Sendable, Hashable {
    case scalar(Float)
    /// - Parameters:
    ///   - channels: 1 for grey, 3 for colour.
    ///   - png: the bytes of the PNG file.
    case image(height: Int, width: Int, channels: Int, png: [UInt8])
  }

  /// The name of the curve; what stands before a `/` is the group it is shown in.
  public var tag: String
  public var content: Content

  public init(_ tag: String, _ content: Content) {
    self.tag = tag
    self.content = content
  }

  public static func scalar(_ tag: String, _ value: Double) -> SummaryValue {
    SummaryValue(tag, .scalar(Float(value)))
  }

  /// `tensorflow.Summary.Value`.
  var message: ProtobufMessage {
    var message = ProtobufMessage()
    message.string(1, tag)
    switch content {
    case .scalar(let value): message.float(2, value)
    case .image(let height, let width, let channels, let png):
      // `tensorflow.Summary.Image`.
      var image = ProtobufMessage()
      image.integer(1, height)
      image.integer(2, width)
      image.integer(3, channels)
      image.bytes(4, png)
      message.message(4, image)
    }
    return message
  }
}

/// `tensorflow.Event` (tensorflow/core/util/event.proto): one record of an event file.
package struct Event {
  package enum Content {
    /// The first of a file.
    case fileVersion(String)
    case summary([SummaryValue])
    /// A run goes on from here: what an earlier file of the folder has at this step or later is not
    /// shown, as it belongs to steps that are taken again.
    case sessionStart
  }

  /// Seconds since 1970.
  package var wallTime: Double
  /// Steps done when it happened.
  package var step: Int
  package var content: Content

  package init(wallTime: Double, step: Int, _ content: Content) {
    self.wallTime = wallTime
    self.step = step
    self.content = content
  }

  package var message: ProtobufMessage {
    var message = ProtobufMessage()
    message.double(1, wallTime)
    if step != 0 { message.integer(2, step) }
    switch content {
    case .fileVersion(let version): message.string(3, version)
    case .summary(let values):
      var summary = ProtobufMessage()
      for value in values { summary.message(1, value.message) }
      message.message(5, summary)
    case .sessionStart:
      // `tensorflow.SessionLog` with the status START.
      var log = ProtobufMessage()
      log.integer(1, 1)
      message.message(7, log)
    }
    return message
  }

  /// The event as a record: length, the length's checksum, the event, its checksum
  /// (tensorflow/core/lib/io/record_writer.h).
  package var record: [UInt8] {
    let data = message.bytes
    let length = LittleEndian.bytes(UInt64(data.count))
    return length + LittleEndian.bytes(CRC32C.masked(length)) + data
      + LittleEndian.bytes(CRC32C.masked(data))
  }
}
