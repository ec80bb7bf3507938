"""The same work by us and by others, over one topic on one machine; no part of the product and none of its imports."""
