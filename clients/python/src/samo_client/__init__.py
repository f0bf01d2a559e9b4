"""Client of SAMO: emotions, transcripts and summaries of journal entries.

    from samo_client import Samo

    with Samo("http://localhost:3000") as samo:
        insight = samo.analyze("I miss them terribly.")

`AsyncSamo` has the same methods for asyncio. `samo_client.models` has the types of the responses,
`samo_client.live` the events of live sessions, `samo_client.errors` the errors.
"""

from samo_client import errors, live, models
from samo_client._async_client import AsyncSamo
from samo_client._client import Samo
from samo_client.errors import ApiError, SamoError

__all__ = ["ApiError", "AsyncSamo", "Samo", "SamoError", "errors", "live", "models"]
