internal import CMerestoneKernels

/// What the allocator holds beyond what is in use.
package enum AllocatorMemory {
  /// Gives memory that was freed, but is kept for later, back to the machine: between stages whose
  /// buffers differ in size it would count twice.
  package static func trim() { mrs_trim_memory() }

  /// From now on, blocks of 4 MiB and more are the kernel's again once they are freed, in the whole
  /// process: buffers that are resized by and by would leave holes that count as memory.
  package static func giveLargeBlocksBack() { mrs_map_blocks_from(4 << 20) }
}
